#include "png.h"

#include <stdio.h>

/* PNG wants zlib's format, and zlib's format has blocks that are merely stored. One such block per row of pixels
 * (up to 65,535 bytes) needs no compressor: two checksums and some lengths are all there is to write. */

typedef struct chunk {
  FILE *out;
  uint32_t crc;
} chunk;

static uint32_t crc_of(uint32_t crc, const uint8_t *bytes, size_t n) {
  for (size_t i = 0; i < n; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return crc;
}

static uint32_t adler_of(uint32_t adler, const uint8_t *bytes, size_t n) {
  uint32_t a = adler & 0xffff, b = adler >> 16;
  for (size_t i = 0; i < n; i++) a = (a + bytes[i]) % 65521, b = (b + a) % 65521;
  return b << 16 | a;
}

static void put(chunk *c, const uint8_t *bytes, size_t n) {
  c->crc = crc_of(c->crc, bytes, n);
  fwrite(bytes, 1, n, c->out);
}

static void big_endian(uint8_t bytes[4], uint32_t value) {
  for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

static chunk begin(FILE *out, const char *type, uint32_t length) {
  uint8_t bytes[4];
  big_endian(bytes, length);
  fwrite(bytes, 1, 4, out);
  chunk c = {out, 0xffffffffu};
  put(&c, (const uint8_t *)type, 4);
  return c;
}

static void end(chunk *c) {
  uint8_t bytes[4];
  big_endian(bytes, ~c->crc);
  fwrite(bytes, 1, 4, c->out);
}

bool png_write(const char *path, const uint8_t *rgb, size_t width, size_t height) {
  size_t row = 1 + 3 * width; /* each row begins with its filter: 0, none */
  if (width == 0 || height == 0 || row > 65535) return false;
  FILE *out = fopen(path, "wb");
  if (!out) return false;
  fwrite("\x89PNG\r\n\x1a\n", 1, 8, out);

  uint8_t header[13] = {0};
  big_endian(header, (uint32_t)width);
  big_endian(header + 4, (uint32_t)height);
  header[8] = 8; /* bits per channel */
  header[9] = 2; /* red, green, blue */
  chunk c = begin(out, "IHDR", sizeof header);
  put(&c, header, sizeof header);
  end(&c);

  c = begin(out, "IDAT", (uint32_t)(2 + height * (5 + row) + 4));
  put(&c, (const uint8_t *)"\x78\x01", 2);
  uint32_t adler = 1;
  for (size_t y = 0; y < height; y++) {
    uint8_t last = y + 1 == height, filter = 0;
    uint8_t block[5] = {last, (uint8_t)row, (uint8_t)(row >> 8), (uint8_t)~row, (uint8_t)(~row >> 8)};
    put(&c, block, sizeof block);
    put(&c, &filter, 1);
    put(&c, rgb + y * 3 * width, 3 * width);
    adler = adler_of(adler_of(adler, &filter, 1), rgb + y * 3 * width, 3 * width);
  }
  uint8_t sum[4];
  big_endian(sum, adler);
  put(&c, sum, sizeof sum);
  end(&c);

  c = begin(out, "IEND", 0);
  end(&c);
  bool written = !ferror(out);
  return fclose(out) == 0 && written;
}
