#include "png.h"

#include <stdio.h>
#include <stdlib.h>

/* PNG wants deflated data. Deflate's fixed Huffman code needs no tables to be sent, and the only repetitions that are
 * looked for are those of the last pixel, three bytes back. Each row is written as its difference from the row above,
 * so that this finds areas of one colour and enlarged pixels alike, which is what the examples draw. */

/* ---- chunks ---- */

typedef struct chunk {
  FILE *out;
  uint32_t crc;
} chunk;

static uint32_t crc_of(uint32_t crc, const uint8_t *bytes, size_t n) {
  static uint32_t table[256];
  for (uint32_t i = 0; !table[255] && i < 256; i++) {
    uint32_t entry = i;
    for (int bit = 0; bit < 8; bit++) entry = entry >> 1 ^ (entry & 1 ? 0xedb88320u : 0);
    table[i] = entry;
  }
  for (size_t i = 0; i < n; i++) crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xff];
  return crc;
}

static void put(chunk *c, const uint8_t *bytes, size_t n) {
  c->crc = crc_of(c->crc, bytes, n);
  fwrite(bytes, 1, n, c->out);
}

static void put_number(chunk *c, size_t value, int nbytes) {
  for (int i = nbytes; i-- > 0;) put(c, &(uint8_t){(uint8_t)(value >> 8 * i)}, 1);
}

static chunk begin(FILE *out, const char *type, size_t length) {
  chunk c = {out, 0};
  put_number(&c, length, 4);
  c.crc = 0xffffffffu;
  put(&c, (const uint8_t *)type, 4);
  return c;
}

static void end(chunk *c) { put_number(c, ~c->crc, 4); }

/* ---- compression ---- */

typedef struct bits {
  uint8_t *bytes;
  size_t n;
  uint32_t waiting; /* bits that do not fill a byte yet, the first one lowest */
  int nwaiting;
} bits;

static void put_bits(bits *b, uint32_t value, int n) {
  b->waiting |= value << b->nwaiting;
  for (b->nwaiting += n; b->nwaiting >= 8; b->nwaiting -= 8, b->waiting >>= 8) b->bytes[b->n++] = (uint8_t)b->waiting;
}

/* Huffman codes go out with their first bit first. */
static void put_code(bits *b, uint32_t code, int n) {
  uint32_t reversed = 0;
  for (int i = 0; i < n; i++) reversed |= (code >> i & 1) << (n - 1 - i);
  put_bits(b, reversed, n);
}

static void put_symbol(bits *b, uint32_t symbol) {
  if (symbol < 144) put_code(b, 0x30 + symbol, 8);
  else if (symbol < 256) put_code(b, 0x190 + symbol - 144, 9);
  else if (symbol < 280) put_code(b, symbol - 256, 7);
  else put_code(b, 0xc0 + symbol - 280, 8);
}

/* The last `length` bytes, 3 to 258, are those three bytes back. */
static void put_repetition(bits *b, uint32_t length) {
  if (length == 258) {
    put_symbol(b, 285);
  } else if (length < 11) {
    put_symbol(b, 254 + length);
  } else { /* groups of four symbols, each with one more extra bit than the group before */
    uint32_t extra = 1, offset = length - 11;
    while (offset >= 8u << (extra - 1)) offset -= 8u << (extra - 1), extra++;
    put_symbol(b, 261 + 4 * extra + (offset >> extra));
    put_bits(b, offset & ((1u << extra) - 1), (int)extra);
  }
  put_code(b, 2, 5);
}

/* The rows in zlib's format, as differences from the rows above; NULL without memory. */
static uint8_t *compress_rows(const uint8_t *rgb, size_t width, size_t height, size_t *size) {
  size_t row = 3 * width, total = height * (row + 1);
  uint8_t *plain = (uint8_t *)malloc(total);
  bits b = {(uint8_t *)malloc(total + total / 8 + 16), 0, 0, 0};
  if (!plain || !b.bytes) {
    free(plain);
    free(b.bytes);
    return NULL;
  }
  uint32_t low = 1, high = 0; /* zlib's checksum */
  for (size_t y = 0; y < height; y++) {
    uint8_t *to = plain + y * (row + 1);
    *to = 2; /* the filter "up" */
    for (size_t x = 0; x < row; x++) to[x + 1] = (uint8_t)(rgb[y * row + x] - (y ? rgb[(y - 1) * row + x] : 0));
  }
  for (size_t i = 0; i < total; i++) low = (low + plain[i]) % 65521, high = (high + low) % 65521;

  b.bytes[b.n++] = 0x78, b.bytes[b.n++] = 0x01;
  put_bits(&b, 1, 1); /* the last block, */
  put_bits(&b, 1, 2); /* in the fixed code */
  for (size_t i = 0; i < total;) {
    size_t same = 0;
    while (i >= 3 && same < 258 && i + same < total && plain[i + same] == plain[i + same - 3]) same++;
    if (same >= 3) put_repetition(&b, (uint32_t)same), i += same;
    else put_symbol(&b, plain[i++]);
  }
  put_symbol(&b, 256);
  if (b.nwaiting) put_bits(&b, 0, 8 - b.nwaiting);
  for (int shift = 8; shift >= 0; shift -= 8) b.bytes[b.n++] = (uint8_t)(high >> shift);
  for (int shift = 8; shift >= 0; shift -= 8) b.bytes[b.n++] = (uint8_t)(low >> shift);
  free(plain);
  *size = b.n;
  return b.bytes;
}

/* ---- files ---- */

static FILE *open_png(const char *path, size_t width, size_t height) {
  if (width == 0 || height == 0 || width > 65535 || height > 65535) return NULL;
  FILE *out = fopen(path, "wb");
  if (!out) return NULL;
  fwrite("\x89PNG\r\n\x1a\n", 1, 8, out);
  chunk c = begin(out, "IHDR", 13);
  put_number(&c, width, 4);
  put_number(&c, height, 4);
  put(&c, (const uint8_t[]){8, 2, 0, 0, 0}, 5); /* eight bits each of red, green and blue */
  end(&c);
  return out;
}

static bool close_png(FILE *out) {
  chunk c = begin(out, "IEND", 0);
  end(&c);
  bool written = !ferror(out);
  return fclose(out) == 0 && written;
}

/* The first picture, or a later frame of the animation with its number in the sequence of chunks. */
static bool put_picture(FILE *out, const uint8_t *rgb, size_t width, size_t height, size_t sequence) {
  size_t size = 0;
  uint8_t *data = compress_rows(rgb, width, height, &size);
  if (!data) return false;
  chunk c = sequence ? begin(out, "fdAT", size + 4) : begin(out, "IDAT", size);
  if (sequence) put_number(&c, sequence, 4);
  put(&c, data, size);
  end(&c);
  free(data);
  return true;
}

bool png_write(const char *path, const uint8_t *rgb, size_t width, size_t height) {
  FILE *out = open_png(path, width, height);
  if (!out) return false;
  bool right = put_picture(out, rgb, width, height, 0);
  return close_png(out) && right;
}

bool png_write_animation(const char *path, const uint8_t *rgb, size_t frames, size_t width, size_t height,
                         unsigned milliseconds) {
  FILE *out = frames ? open_png(path, width, height) : NULL;
  if (!out) return false;
  size_t picture = 3 * width * height, sequence = 0;
  chunk c = begin(out, "acTL", 8);
  put_number(&c, frames, 4);
  put_number(&c, 0, 4); /* played for ever */
  end(&c);
  /* what programs show that know nothing of animations: the last frame, outside of the sequence */
  bool right = put_picture(out, rgb + (frames - 1) * picture, width, height, 0);
  for (size_t i = 0; i < frames && right; i++) {
    c = begin(out, "fcTL", 26);
    put_number(&c, sequence++, 4);
    put_number(&c, width, 4);
    put_number(&c, height, 4);
    put_number(&c, 0, 8);
    put_number(&c, milliseconds + (i + 1 == frames ? 1000 : 0), 2);
    put_number(&c, 1000, 2);
    put_number(&c, 0, 2);
    end(&c);
    right = put_picture(out, rgb + i * picture, width, height, sequence++);
  }
  return close_png(out) && right;
}
