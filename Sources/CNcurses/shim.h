// What Swift cannot import from ncurses and POSIX as they stand: shared mutable globals, macros
// that cast, unions and structures behind compile-time switches.
#pragma once
#define NCURSES_WIDECHAR 1
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

static inline WINDOW *ponder_stdscr(void) { return stdscr; }
static inline WINDOW *ponder_curscr(void) { return curscr; }
static inline int ponder_colors(void) { return COLORS; }
static inline int ponder_color_pairs(void) { return COLOR_PAIRS; }

static inline attr_t ponder_a_bold(void) { return A_BOLD; }
static inline attr_t ponder_a_dim(void) { return A_DIM; }
static inline attr_t ponder_a_italic(void) { return A_ITALIC; }
static inline attr_t ponder_a_underline(void) { return A_UNDERLINE; }
static inline attr_t ponder_a_reverse(void) { return A_REVERSE; }

// term.h is not included: it defines everyday words such as `columns` as macros.
extern int setupterm(const char *term, int descriptor, int *status);

// 1 if terminfo knows the terminal, 0 if not, -1 if there is no terminfo at all.
static inline int ponder_find_terminal(const char *term) {
  int status = 0;
  setupterm(term, STDOUT_FILENO, &status);
  return status;
}

// The string capability, or NULL where terminfo has none or cancels it.
static inline const char *ponder_string_capability(const char *name) {
  char *value = tigetstr(name);
  return value == (char *)-1 ? NULL : value;
}

static inline SCREEN *ponder_new_terminal(void) { return newterm(NULL, stdout, stdin); }

// The screen is as large as the window, whatever LINES and COLUMNS say: a shell that exports them
// may stand in another window by now.
static inline void ponder_size_by_window(void) {
  use_env(FALSE);
  use_tioctl(TRUE);
}

// Draws one spacing character with its marks, `count` scalars in all, at most 5.
static inline int ponder_add_cell(
    int y, int x, const uint32_t *text, int count, attr_t attributes, int pair) {
  wchar_t wide[CCHARW_MAX + 1] = {0};
  cchar_t cell;
  for (int i = 0; i < count && i < CCHARW_MAX; i++) wide[i] = (wchar_t)text[i];
  // Pairs that do not fit a short travel through the last argument (ncurses 6.1).
  if (setcchar(&cell, wide, attributes, (short)(pair > 32767 ? 32767 : pair), &pair) == ERR)
    return ERR;
  return mvwadd_wch(stdscr, y, x, &cell);
}

static inline int ponder_wcwidth(uint32_t scalar) { return wcwidth((wchar_t)scalar); }

// Input byte by byte and as typed. Not even Ctrl-C and Ctrl-Z send their signals, since the line
// could not tell them from the same characters in a pasted text.
static inline void ponder_make_raw(struct termios *mode) {
  mode->c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | ISTRIP | IXON);
  mode->c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN | ISIG);
  mode->c_cc[VMIN] = 1;
  mode->c_cc[VTIME] = 0;
}

// Whether the characters that are typed for signals, such as Ctrl-C, send them.
static inline void ponder_type_signals(int descriptor, int on) {
  struct termios mode;
  if (tcgetattr(descriptor, &mode) != 0) return;
  if (on) mode.c_lflag |= ISIG;
  else mode.c_lflag &= ~(tcflag_t)ISIG;
  tcsetattr(descriptor, TCSANOW, &mode);
}

// The character that is typed for a signal: SIGINT, SIGQUIT or SIGTSTP; 0 for none.
static inline uint8_t ponder_signal_character(const struct termios *mode, int number) {
  cc_t typed = mode->c_cc[number == SIGINT ? VINTR : number == SIGQUIT ? VQUIT : VSUSP];
  return typed == (cc_t)_POSIX_VDISABLE ? 0 : typed;
}

// `sigaction` with the fields that Swift sees differently on each system. The handler runs on the
// alternate stack if there is one, so that it survives a stack overflow, and system calls of other
// threads go on; `poll` is cut short all the same.
static inline int ponder_catch(int number, void (*handler)(int), struct sigaction *previous) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  sigemptyset(&action.sa_mask);
  return sigaction(number, &action, previous);
}

static inline int ponder_default_action(int number, struct sigaction *previous) {
  return ponder_catch(number, SIG_DFL, previous);
}

static inline int ponder_restore_action(int number, const struct sigaction *previous) {
  return sigaction(number, previous, NULL);
}

// Lets a signal in that its own handler holds back.
static inline void ponder_raise_unblocked(int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  raise(number);
}

static inline int ponder_window_size(int descriptor, int *width, int *height) {
  struct winsize size;
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return -1;
  *width = size.ws_col;
  *height = size.ws_row;
  return 0;
}
