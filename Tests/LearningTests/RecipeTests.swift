import Testing

@Suite struct RecipeTests {}
