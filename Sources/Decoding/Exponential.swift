import Foundation

/// e to the x. One definition for the whole module, so that every probability is computed alike.
@inline(__always)
func exponential(_ x: Double) -> Double { Foundation.exp(x) }

/// The natural logarithm.
@inline(__always)
func logarithm(_ x: Double) -> Double { Foundation.log(x) }
