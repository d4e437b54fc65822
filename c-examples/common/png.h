/* A picture of red, green and blue bytes, as a PNG file. */
#ifndef EXAMPLES_PNG_H
#define EXAMPLES_PNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `rgb` holds height rows of width pixels of three bytes; false when the file cannot be written. */
bool png_write(const char *path, const uint8_t *rgb, size_t width, size_t height);

#endif
