/* Convolutions, correlations and pooling. */
#include "check.h"

static void test_vectors(ag_context *cx) {
  ag_array a = vector_of(cx, "1 2 3 4"), v = vector_of(cx, "1 0 -1");
  CHECK_ARRAY(cx, ag_convolve(cx, a, v, "full"), "6", "1 2 2 2 -3 -4");
  CHECK_ARRAY(cx, ag_convolve(cx, v, a, "same"), "4", "2 2 2 -3");
  CHECK_ARRAY(cx, ag_convolve(cx, a, v, "valid"), "2", "2 2");
  CHECK_ARRAY(cx, ag_correlate(cx, a, v, "valid"), "2", "-2 -2");
  CHECK_ARRAY(cx, ag_correlate(cx, v, a, "full"), "6", "4 3 -2 -2 -2 -1");
  ag_array z = array_of(cx, AG_C128, "2", "1 1 0 2"), w = array_of(cx, AG_C128, "1", "0 1");
  CHECK_ARRAY(cx, ag_correlate(cx, z, w, "full"), "2", "1 -1 2 0");
  CHECK_ARRAY(cx, ag_convolve(cx, z, w, "full"), "2", "-1 1 -2 0");
  CHECK(is_null(ag_convolve(cx, a, vector_of(cx, ""), "full")));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_convolve: v cannot be empty");
  CHECK(is_null(ag_convolve(cx, a, v, "most")));
  CHECK_ERROR(cx, AG_ERR_VALUE, "mode must be one of 'valid', 'same', or 'full' (got 'most')");
  CHECK(is_null(ag_correlate(cx, a, v, NULL)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "ag_correlate: the argument mode is NULL");
  CHECK(is_null(ag_correlate(cx, array_of(cx, AG_F64, "1,1", "1"), v, "full")));
  CHECK_ERROR(cx, AG_ERR_VALUE, "object too deep for desired array");
}

static void test_axes(ag_context *cx) {
  ag_array a = array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6"), b = array_of(cx, AG_F64, "2,2", "1 -1 2 0");
  CHECK_ARRAY(cx, ag_signal_convolve(cx, a, b, "full"), "3,4", "1 1 1 -3 6 5 7 -6 8 10 12 0");
  CHECK_ARRAY(cx, ag_signal_convolve(cx, a, b, "valid"), "1,2", "5 7");
  CHECK_ARRAY(cx, ag_signal_correlate(cx, a, b, "valid"), "1,2", "7 9");
  CHECK_ARRAY(cx, ag_signal_correlate(cx, a, b, "same"), "2,3", "0 2 4 -1 7 9");
  int64_t zero = 0, one = 1, two = 2;
  /* Rows of a with rows of b, every pair. */
  CHECK_ARRAY(cx, ag_signal_convolve_axes(cx, a, b, &one, &one, 1, NULL, NULL, 0, "valid"), "2,2,2",
              "1 1 4 6 1 1 10 12");
  /* Rows, summed over the first axis of both. */
  CHECK_ARRAY(cx, ag_signal_convolve_axes(cx, a, b, &one, &one, 1, &zero, &zero, 1, "full"), "4", "9 11 13 -3");
  CHECK(is_null(ag_signal_convolve(cx, a, vector_of(cx, "1"), "full")));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "in1 and in2 should have the same dimensionality");
  CHECK(is_null(ag_signal_correlate(cx, a, array_of(cx, AG_F64, "1,4", "1 2 3 4"), "valid")));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "one array must be larger than the other along all convolved axes");
  CHECK(is_null(ag_signal_convolve_axes(cx, a, b, &two, &one, 1, NULL, NULL, 0, "full")));
  CHECK_ERROR(cx, AG_ERR_VALUE, "axis 2 is out of bounds");
  CHECK(is_null(ag_signal_convolve_axes(cx, a, b, &one, &one, 1, &one, &zero, 1, "full")));
  CHECK_ERROR(cx, AG_ERR_VALUE, "duplicate value");
  CHECK(is_null(ag_signal_convolve_axes(cx, a, b, NULL, &one, 1, NULL, NULL, 0, "full")));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "axes_a is NULL");
  CHECK(is_null(ag_signal_convolve_axes(cx, a, b, &zero, &zero, 1, &one, &one, 1, "full")));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "not aligned: 3 (dim 1) != 2 (dim 1)");
}

static const int64_t twos[2] = {2, 2}, ones[2] = {1, 1}, nulls[2] = {0, 0}, huge[2] = {INT64_MAX, INT64_MAX},
                     negative[2] = {-1, 0}, shape1222[4] = {1, 2, 2, 2}, shape2344[4] = {2, 3, 4, 4},
                     shape4333[4] = {4, 3, 3, 3};

static void test_layers(ag_context *cx) {
  ag_array x = array_of(cx, AG_F64, "1,1,3,3", "1 2 3 4 5 6 7 8 9");
  ag_array w = array_of(cx, AG_F64, "2,1,2,2", "1 0 0 1 0 1 -1 0");
  CHECK_ARRAY(cx, ag_conv2d(cx, x, w, NULL, NULL, NULL, 1), "1,2,2,2", "6 8 12 14 -2 -2 -2 -2");
  CHECK_ARRAY(cx, ag_conv2d(cx, x, w, twos, ones, NULL, 1), "1,2,2,2", "1 3 7 14 0 -2 4 -2");
  CHECK_ARRAY(cx, ag_conv2d(cx, x, w, NULL, NULL, twos, 1), "1,2,1,1", "10 -4");
  ag_array two = ag_reshape(cx, ag_arange(cx, AG_F64, 0, 8, 1), shape1222, 4);
  CHECK_ARRAY(cx, ag_conv2d(cx, two, w, NULL, NULL, NULL, 2), "1,2,1,1", "3 -1");
  CHECK(is_null(ag_conv2d(cx, x, w, NULL, NULL, NULL, 3)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_conv2d: the number of groups must be positive and divide");
  CHECK(is_null(ag_conv2d(cx, two, w, NULL, NULL, NULL, 1)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "need kernels with as many, found 1");
  CHECK(is_null(ag_conv2d(cx, x, ag_ravel(cx, w), NULL, NULL, NULL, 1)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "expected images (batch, channels, rows, columns)");
  CHECK(is_null(ag_conv2d(cx, x, w, nulls, NULL, NULL, 1)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "the stride must be positive, found 0");
  CHECK(is_null(ag_conv2d(cx, x, w, NULL, negative, NULL, 1)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "the padding must not be negative, found -1");
  CHECK(is_null(ag_conv2d(cx, x, w, NULL, NULL, huge, 1)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "the kernel reaches over");
  CHECK(is_null(ag_conv2d(cx, x, w, NULL, huge, NULL, 1)));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "ag_conv2d");

  ag_array m = array_of(cx, AG_F64, "3,4", "1 2 3 4 5 6 7 8 9 9 -1 0");
  CHECK_ARRAY(cx, ag_max_pool2d(cx, m, twos, NULL, NULL), "1,2", "6 8");
  CHECK_ARRAY(cx, ag_max_pool2d(cx, m, twos, twos, ones), "2,3", "1 3 4 9 9 8");
  CHECK_ARRAY(cx, ag_mean_pool2d(cx, m, twos, NULL, NULL), "1,2", "3.5 5.5");
  CHECK_ARRAY(cx, ag_mean_pool2d(cx, m, twos, twos, ones), "2,3", "1 2.5 4 7 5.25 4");
  CHECK(is_null(ag_max_pool2d(cx, m, NULL, NULL, NULL)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "the argument window is NULL");
  CHECK(is_null(ag_max_pool2d(cx, m, twos, NULL, twos)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "the padding must be smaller than the window");
  CHECK(is_null(ag_mean_pool2d(cx, m, nulls, NULL, NULL)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "the stride must be positive");
  CHECK(is_null(ag_mean_pool2d(cx, m, huge, ones, NULL)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "the window reaches over");
  CHECK(is_null(ag_mean_pool2d(cx, vector_of(cx, "1 2"), twos, NULL, NULL)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "expected at least two axes");
  CHECK(is_null(ag_max_pool2d(cx, array_of(cx, AG_C128, "1,1", "1 2"), ones, NULL, NULL)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "not defined for dtype complex128");
}

/* A small net: the gradient of the sum of a pooled, rectified convolution by its kernel. */
static ag_array net(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs;
  ag_array y = ag_conv2d(cx, *(const ag_array *)user, args[0], NULL, ones, NULL, 1);
  return ag_sum(cx, ag_square(cx, ag_max_pool2d(cx, ag_maximum_scalar(cx, y, 0.0), twos, NULL, NULL)));
}

static void test_gradient(ag_context *cx) {
  ag_array x = ag_sin(cx, ag_reshape(cx, ag_arange(cx, AG_F64, 0, 2 * 3 * 4 * 4, 1), shape2344, 4));
  ag_array w = ag_cos(cx, ag_reshape(cx, ag_arange(cx, AG_F64, 0, 4 * 3 * 3 * 3, 1), shape4333, 4));
  ag_array g = ag_grad(cx, net, &x, &w, 1, 0);
  double h = 1e-6;
  ag_array step = ag_mul_scalar(cx, g, h);
  ag_array up = ag_add(cx, w, step), down = ag_sub(cx, w, step);
  double difference = (ag_item(cx, net(cx, &up, 1, &x)) - ag_item(cx, net(cx, &down, 1, &x))) / (2 * h);
  double slope = ag_item(cx, ag_vdot(cx, g, g));
  CHECK_CLOSE(difference / slope, 1.0, 1e-6);
}

int main(void) {
  ag_context *cx = ag_context_new();
  test_vectors(cx);
  test_axes(cx);
  test_layers(cx);
  test_gradient(cx);
  return finish(cx);
}
