// What Swift cannot import from ncurses as it stands: shared mutable globals, macros that cast,
// and structures behind compile-time switches.
#pragma once
#define NCURSES_WIDECHAR 1
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

static inline WINDOW *ponder_stdscr(void) { return stdscr; }
static inline int ponder_colors(void) { return COLORS; }
static inline int ponder_color_pairs(void) { return COLOR_PAIRS; }

static inline attr_t ponder_a_bold(void) { return A_BOLD; }
static inline attr_t ponder_a_dim(void) { return A_DIM; }
static inline attr_t ponder_a_italic(void) { return A_ITALIC; }
static inline attr_t ponder_a_underline(void) { return A_UNDERLINE; }
static inline attr_t ponder_a_reverse(void) { return A_REVERSE; }

// The string capability, or NULL where terminfo has none or cancels it.
static inline const char *ponder_string_capability(const char *name) {
  char *value = tigetstr(name);
  return value == (char *)-1 ? NULL : value;
}

// Draws one spacing character with its marks. `text` ends with 0.
static inline int ponder_add_cell(
    int y, int x, const wchar_t *text, attr_t attributes, int pair) {
  cchar_t cell;
  // Pairs beyond a short travel through the last argument (ncurses 6.1).
  if (setcchar(&cell, text, attributes, (short)(pair > 32767 ? 32767 : pair), &pair) == ERR)
    return ERR;
  return mvwadd_wch(stdscr, y, x, &cell);
}

// `sigaction` with the fields that Swift sees differently on each system.
static inline int ponder_catch(int number, void (*handler)(int), int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  return sigaction(number, &action, NULL);
}

static inline int ponder_default_action(int number) { return ponder_catch(number, SIG_DFL, 0); }

static inline int ponder_window_size(int descriptor, int *columns, int *rows) {
  struct winsize size;
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) return -1;
  *columns = size.ws_col;
  *rows = size.ws_row;
  return 0;
}
