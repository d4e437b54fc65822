/* A picture of red, green and blue bytes, or several that move, as a PNG file. */
#ifndef EXAMPLES_PNG_H
#define EXAMPLES_PNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `rgb` holds height rows of width pixels of three bytes; false when the file cannot be written. */
bool png_write(const char *path, const uint8_t *rgb, size_t width, size_t height);

/* An animated PNG of `frames` such pictures, one after the other in `rgb`, which is played again and again. Each is
 * shown for `milliseconds`, the last one for a second longer. Browsers play it; other programs show the last frame. */
bool png_write_animation(const char *path, const uint8_t *rgb, size_t frames, size_t width, size_t height,
                         unsigned milliseconds);

#endif
