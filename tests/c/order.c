/* Sorting, order statistics, statistics and interpolation; values are NumPy's. */
#include "check.h"

typedef ag_array (*unary)(ag_context *cx, ag_array x);
typedef ag_array (*along_axis)(ag_context *cx, ag_array x, int64_t axis, bool keepdims);
typedef ag_array (*along_axes)(ag_context *cx, ag_array x, const int64_t *axes, size_t naxes, bool keepdims);
typedef ag_array (*quantile_of)(ag_context *cx, ag_array x, double q);
typedef ag_array (*quantile_axis)(ag_context *cx, ag_array x, double q, int64_t axis, int32_t method, bool keepdims);
typedef ag_array (*quantile_axes)(ag_context *cx, ag_array x, double q, const int64_t *axes, size_t naxes,
                                  int32_t method, bool keepdims);
typedef ag_array (*quantiles_axes)(ag_context *cx, ag_array x, const double *q, size_t nq, const int64_t *axes,
                                   size_t naxes, int32_t method, bool keepdims);

static void name_failure(const char *name, int before) {
  if (failures > before) printf("  in %s\n", name);
}

/* ---- sorting and searching ---- */

static void sorting(ag_context *cx) {
  static const int64_t one[] = {1}, bad[] = {7};
  ag_array x = array_of(cx, AG_F64, "2,3", "3 1 2 9 nan 4"), v = vector_of(cx, "3 1 2");
  CHECK_ARRAY(cx, ag_sort(cx, x), "6", "1 2 3 4 9 nan");
  CHECK_ARRAY(cx, ag_sort_axis(cx, x, -1), "2,3", "1 2 3 4 9 nan");
  CHECK_ARRAY(cx, ag_argsort(cx, x), "6", "1 2 0 5 3 4");
  CHECK_ARRAY(cx, ag_argsort_axis(cx, x, 1), "2,3", "1 2 0 2 0 1");
  CHECK_ARRAY(cx, ag_partition(cx, v, one, 1), "3", "1 2 3");
  CHECK_ARRAY(cx, ag_partition_axis(cx, array_of(cx, AG_I64, "1,3", "3 1 2"), one, 1, 1), "1,3", "1 2 3");
  CHECK_ARRAY(cx, ag_argpartition(cx, v, one, 1), "3", "1 2 0");
  CHECK_ARRAY(cx, ag_argpartition_axis(cx, v, one, 1, 0), "3", "1 2 0");
  CHECK_ARRAY(cx, ag_searchsorted(cx, vector_of(cx, "1 2 2 5"), v, false), "3", "3 0 1");
  CHECK_ARRAY(cx, ag_searchsorted(cx, vector_of(cx, "1 2 2 5"), v, true), "3", "3 1 3");
  CHECK_ARRAY(cx, ag_digitize(cx, v, vector_of(cx, "1 2 2.5"), false), "3", "3 1 2");
  ag_array index, inverse, counts, w = vector_of(cx, "2 1 2 2");
  CHECK_ARRAY(cx, ag_unique(cx, w), "2", "1 2");
  CHECK_ARRAY(cx, ag_unique_all(cx, w, &index, &inverse, &counts), "2", "1 2");
  CHECK_ARRAY(cx, index, "2", "1 0");
  CHECK_ARRAY(cx, inverse, "4", "1 0 1 1");
  CHECK_ARRAY(cx, counts, "2", "1 3");
  CHECK_ARRAY(cx, ag_unique_all(cx, w, NULL, NULL, NULL), "2", "1 2");

  CHECK(is_null(ag_sort_axis(cx, x, 2)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_sort_axis: axis 2 is out of bounds");
  CHECK(is_null(ag_argsort_axis(cx, ag_scalar(cx, 1.0), 0)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_argsort_axis");
  CHECK(is_null(ag_partition(cx, v, bad, 1)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "kth(=7) out of bounds (3)");
  CHECK(is_null(ag_argpartition_axis(cx, v, NULL, 1, 0)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "kths is NULL");
  CHECK(is_null(ag_searchsorted(cx, x, v, false)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "object too deep");
  CHECK(is_null(ag_digitize(cx, v, v, false)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "bins must be monotonically increasing or decreasing");
  CHECK(is_null(ag_unique(cx, null_array())));
  CHECK_ERROR(cx, AG_ERR_HANDLE, "ag_unique");
}

/* ---- reductions ---- */

static const struct {
  unary whole;
  along_axis axis;
  along_axes axes;
  const char *name, *of_all, *of_rows;
} reductions[] = {
    {ag_median, ag_median_axis, ag_median_axes, "median", "nan", "2 nan"},
    {ag_nanmedian, ag_nanmedian_axis, ag_nanmedian_axes, "nanmedian", "2", "2 4"},
    {ag_ptp, ag_ptp_axis, ag_ptp_axes, "ptp", "nan", "2 nan"},
    {ag_nansum, ag_nansum_axis, ag_nansum_axes, "nansum", "14", "6 8"},
    {ag_nanprod, ag_nanprod_axis, ag_nanprod_axes, "nanprod", "72", "6 12"},
    {ag_nanmean, ag_nanmean_axis, ag_nanmean_axes, "nanmean", "2.8", "2 4"},
    {ag_nanmax, ag_nanmax_axis, ag_nanmax_axes, "nanmax", "6", "3 6"},
    {ag_nanmin, ag_nanmin_axis, ag_nanmin_axes, "nanmin", "1", "1 2"},
    {ag_count_nonzero, ag_count_nonzero_axis, ag_count_nonzero_axes, "count_nonzero", "6", "3 3"},
};

static void reduce(ag_context *cx) {
  static const int64_t last[] = {-1};
  ag_array x = array_of(cx, AG_F64, "2,3", "3 1 2 nan 6 2");
  for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++) {
    int before = failures;
    CHECK_ARRAY(cx, reductions[i].whole(cx, x), "", reductions[i].of_all);
    CHECK_ARRAY(cx, reductions[i].axis(cx, x, 1, true), "2,1", reductions[i].of_rows);
    CHECK_ARRAY(cx, reductions[i].axes(cx, x, last, 1, false), "2", reductions[i].of_rows);
    CHECK_ARRAY(cx, reductions[i].axes(cx, x, NULL, 0, true), "1,1", reductions[i].of_all);
    CHECK(is_null(reductions[i].axis(cx, x, 5, false)));
    CHECK_ERROR(cx, AG_ERR_VALUE, "axis 5 is out of bounds");
    name_failure(reductions[i].name, before);
  }
  CHECK_ARRAY(cx, ag_nanvar(cx, x), "", "2.96");
  CHECK_ARRAY(cx, ag_nanvar_axis(cx, x, 1, 1.0, false), "2", "1 8");
  CHECK_ARRAY(cx, ag_nanvar_axes(cx, x, last, 1, 0.0, true), "2,1", "0.66666666666666663 4");
  CHECK_ARRAY(cx, ag_nanstd(cx, x), "", "1.7204650534085253");
  CHECK_ARRAY(cx, ag_nanstd_axis(cx, x, 1, 1.0, false), "2", "1 2.8284271247461903");
  CHECK_ARRAY(cx, ag_nanstd_axes(cx, x, last, 1, 0.0, true), "2,1", "0.81649658092772603 2");
  CHECK_ARRAY(cx, ag_nanargmax(cx, x), "", "4");
  CHECK_ARRAY(cx, ag_nanargmin(cx, x), "", "1");
  CHECK_ARRAY(cx, ag_nanargmax_axis(cx, x, 1, false), "2", "0 1");
  CHECK_ARRAY(cx, ag_nanargmin_axis(cx, x, 1, true), "2,1", "1 2");
  CHECK(is_null(ag_nanargmax_axis(cx, vector_of(cx, "nan nan"), 0, false)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "All-NaN slice encountered");
  CHECK(is_null(ag_nanmax(cx, vector_of(cx, ""))));
  CHECK_ERROR(cx, AG_ERR_VALUE, "zero-size array");
}

static const struct {
  quantile_of whole;
  quantile_axis axis;
  quantile_axes axes;
  quantiles_axes several;
  const char *name;
  double scale;
  const char *half;
} quantiles[] = {
    {ag_quantile, ag_quantile_axis, ag_quantile_axes, ag_quantiles_axes, "quantile", 1, "nan"},
    {ag_percentile, ag_percentile_axis, ag_percentile_axes, ag_percentiles_axes, "percentile", 100, "nan"},
    {ag_nanquantile, ag_nanquantile_axis, ag_nanquantile_axes, ag_nanquantiles_axes, "nanquantile", 1, "4"},
    {ag_nanpercentile, ag_nanpercentile_axis, ag_nanpercentile_axes, ag_nanpercentiles_axes, "nanpercentile", 100,
     "4"},
};

static void order_statistics(ag_context *cx) {
  static const int64_t last[] = {-1};
  ag_array x = array_of(cx, AG_F64, "2,3", "3 1 2 4 6 2"), gap = vector_of(cx, "4 nan 5 2");
  for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
    int before = failures;
    double scale = quantiles[i].scale, qs[2];
    qs[0] = 0.25 * scale;
    qs[1] = scale;
    CHECK_ARRAY(cx, quantiles[i].whole(cx, x, 0.5 * scale), "", "2.5");
    CHECK_ARRAY(cx, quantiles[i].whole(cx, gap, 0.5 * scale), "", quantiles[i].half);
    CHECK_ARRAY(cx, quantiles[i].axis(cx, x, 0.25 * scale, 1, AG_QUANTILE_LINEAR, true), "2,1", "1.5 3");
    CHECK_ARRAY(cx, quantiles[i].axis(cx, x, 0.25 * scale, 0, AG_QUANTILE_HIGHER, false), "3", "4 6 2");
    CHECK_ARRAY(cx, quantiles[i].axes(cx, x, 0.25 * scale, NULL, 0, AG_QUANTILE_LOWER, false), "", "2");
    CHECK_ARRAY(cx, quantiles[i].several(cx, x, qs, 2, last, 1, AG_QUANTILE_MIDPOINT, false), "2,2", "1.5 3 3 6");
    CHECK(is_null(quantiles[i].whole(cx, x, 1.5 * scale)));
    CHECK_ERROR(cx, AG_ERR_VALUE, "must be in the range");
    CHECK(is_null(quantiles[i].whole(cx, x, NAN)));
    CHECK_ERROR(cx, AG_ERR_VALUE, "must be in the range");
    CHECK(is_null(quantiles[i].axis(cx, x, 0.5, 0, 77, false)));
    CHECK_ERROR(cx, AG_ERR_VALUE, "77 is not a valid method");
    CHECK(is_null(quantiles[i].several(cx, x, NULL, 2, NULL, 0, AG_QUANTILE_LINEAR, false)));
    CHECK_ERROR(cx, AG_ERR_ARGUMENT, "q is NULL");
    name_failure(quantiles[i].name, before);
  }
  CHECK(is_null(ag_quantile(cx, array_of(cx, AG_C128, "1", "1 2"), 0.5)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "a must be an array of real numbers");
}

/* ---- samples ---- */

static void samples(ag_context *cx) {
  static const int64_t both[] = {0, 1}, cube[] = {1, 2, 3};
  ag_array none = null_array(), x = array_of(cx, AG_F64, "2,3", "1 2 4 3 5 0"), w = vector_of(cx, "1 1 2"), edges;
  CHECK_ARRAY(cx, ag_average(cx, x, none), "", "2.5");
  CHECK_ARRAY(cx, ag_average_axis(cx, x, w, 1, false), "2", "2.75 2");
  CHECK_ARRAY(cx, ag_average_axes(cx, x, x, both, 2, true), "1,1", "3.6666666666666665");
  CHECK(is_null(ag_average(cx, vector_of(cx, "1 2"), vector_of(cx, "1 -1"))));
  CHECK_ERROR(cx, AG_ERR_VALUE, "Weights sum to zero");
  CHECK_ARRAY(cx, ag_cov(cx, x, true), "2,2",
              "2.3333333333333335 -2.8333333333333335 -2.8333333333333335 6.333333333333333");
  CHECK_ARRAY(cx, ag_cov_with(cx, x, none, true, 0.0, array_of(cx, AG_I64, "3", "1 1 2"), none), "2,2",
              "1.6875 -2.25 -2.25 4.5");
  CHECK(is_null(ag_cov_with(cx, x, none, true, 0.0, vector_of(cx, "1 0.5 2"), none)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "fweights must be integer");
  CHECK(is_null(ag_cov_with(cx, x, none, true, 0.0, none, vector_of(cx, "1 -1 2"))));
  CHECK_ERROR(cx, AG_ERR_VALUE, "aweights cannot be negative");
  CHECK_ARRAY(cx, ag_corrcoef(cx, x, none, true), "2,2", "1 -0.7370434740955019 -0.7370434740955019 1");
  CHECK_ARRAY(cx, ag_bincount(cx, array_of(cx, AG_I64, "4", "1 3 1 0"), none, 6), "6", "1 2 0 1 0 0");
  CHECK_ARRAY(cx, ag_bincount(cx, array_of(cx, AG_I64, "3", "1 0 1"), w, 0), "2", "1 3");
  CHECK_ARRAY(cx, ag_histogram(cx, x, 2, &edges), "2", "3 3");
  CHECK_ARRAY(cx, edges, "3", "0 2.5 5");
  CHECK_ARRAY(cx, ag_histogram_range(cx, x, 2, 0.0, 4.0, none, true, NULL), "2", "0.2 0.3");
  CHECK_ARRAY(cx, ag_histogram_edges(cx, x, vector_of(cx, "0 1 5"), x, false), "2", "0 15");
  CHECK_ARRAY(cx, ag_interp(cx, vector_of(cx, "0 1 1.5 2"), vector_of(cx, "0 1 2"), vector_of(cx, "3 nan 4")), "4",
              "3 nan nan 4");
  CHECK_ARRAY(cx, ag_interp(cx, vector_of(cx, "0.5 1.5 2.5 3.5"), vector_of(cx, "0 1 2 3 4"), vector_of(cx, "inf 1 -inf -inf inf")),
              "4", "inf -inf -inf nan");
  CHECK_ARRAY(cx, ag_interp(cx, vector_of(cx, "-1 0.5 3"), vector_of(cx, "0 1 2"), vector_of(cx, "3 5 4")), "3", "3 4 4");
  CHECK_ARRAY(cx,
              ag_interp_with(cx, vector_of(cx, "-1 0.5 3"), vector_of(cx, "0 1"), vector_of(cx, "3 5"),
                             ag_scalar(cx, 9.0), none, 0.0),
              "3", "9 4 5");
  CHECK_ARRAY(cx,
              ag_interp_with(cx, vector_of(cx, "1.5 -0.5"), vector_of(cx, "1 0"), vector_of(cx, "3 5"), none, none, 2.0),
              "2", "4 4");

  CHECK(is_null(ag_average(cx, x, w)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "Shape of weights must be consistent");
  CHECK(is_null(ag_cov(cx, ag_reshape(cx, x, cube, 3), true)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "m has more than 2 dimensions");
  CHECK(is_null(ag_cov_with(cx, x, none, true, 1.0, none, vector_of(cx, "1"))));
  CHECK_ERROR(cx, AG_ERR_VALUE, "incompatible numbers of samples and aweights");
  CHECK(is_null(ag_corrcoef(cx, x, w, false)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "must match exactly");
  CHECK(is_null(ag_bincount(cx, w, none, 0)));
  CHECK_ERROR(cx, AG_ERR_DTYPE, "Cannot cast array data");
  CHECK(is_null(ag_bincount(cx, array_of(cx, AG_I64, "1", "-1"), none, 0)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "no negative elements");
  CHECK(is_null(ag_bincount(cx, array_of(cx, AG_I64, "1", "0"), none, INT64_MAX)));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "address space");
  CHECK(is_null(ag_histogram(cx, x, 0, NULL)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "`bins` must be positive");
  CHECK(is_null(ag_histogram(cx, vector_of(cx, "1 nan"), 2, NULL)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "is not finite");
  CHECK(is_null(ag_histogram_edges(cx, x, vector_of(cx, "1 0"), none, false)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "increase monotonically");
  CHECK(is_null(ag_interp(cx, w, w, vector_of(cx, "1"))));
  CHECK_ERROR(cx, AG_ERR_VALUE, "fp and xp are not of the same length.");
}

/* ---- derivatives ---- */

static ag_array spread(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  (void)nargs, (void)user;
  return ag_mul(cx, ag_median(cx, args[0]), ag_index(cx, ag_sort(cx, args[0]), "-1"));
}

int main(void) {
  ag_context *cx = ag_context_new();
  sorting(cx);
  reduce(cx);
  order_statistics(cx);
  samples(cx);
  ag_array x = vector_of(cx, "7 1 3 2");
  CHECK_ARRAY(cx, ag_grad(cx, spread, NULL, &x, 1, 0), "4", "2.5 0 3.5 3.5");
  return finish(cx);
}
