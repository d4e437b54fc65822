/* Contractions: einsum, and the products of vectors and whole arrays. */
#include "check.h"

static const int64_t millions[1] = {INT64_C(1) << 22}, million_million[1] = {INT64_C(1) << 40};

static ag_array einsum1(ag_context *cx, const char *text, ag_array a) { return ag_einsum(cx, text, &a, 1); }

static ag_array einsum2(ag_context *cx, const char *text, ag_array a, ag_array b) {
  ag_array operands[2];
  operands[0] = a;
  operands[1] = b;
  return ag_einsum(cx, text, operands, 2);
}

static void test_einsum(ag_context *cx) {
  ag_array a = array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6");
  ag_array b = array_of(cx, AG_F64, "3,2", "1 -1 0 2 3 1");
  ag_array s = array_of(cx, AG_F64, "3,3", "1 2 3 4 5 6 7 8 9");
  CHECK_ARRAY(cx, einsum1(cx, "ii", s), "", "15");
  CHECK_ARRAY(cx, einsum1(cx, "ii->i", s), "3", "1 5 9");
  CHECK_ARRAY(cx, einsum1(cx, "ba", a), "3,2", "1 4 2 5 3 6");
  CHECK_ARRAY(cx, einsum1(cx, "i...->...", a), "3", "5 7 9");
  CHECK_ARRAY(cx, einsum2(cx, "ij,jk", a, b), "2,2", "10 6 22 12");
  CHECK_ARRAY(cx, einsum2(cx, " i j , j k -> k i ", a, b), "2,2", "10 22 6 12");
  CHECK_ARRAY(cx, einsum2(cx, "ij,ij->i", a, a), "2", "14 77");
  CHECK_ARRAY(cx, einsum2(cx, "...i,i...", a, b), "2", "10 12");
  ag_array chain[4];
  chain[0] = a, chain[1] = b, chain[2] = a, chain[3] = b;
  CHECK_ARRAY(cx, ag_einsum(cx, "ij,jk,kl,lm->im", chain, 4), "2,2", "232 132 484 276");
  ag_array booleans = array_of(cx, AG_BOOL, "2,2", "0 1 0 0");
  CHECK(ag_dtype(cx, einsum1(cx, "ij->i", booleans)) == AG_BOOL);
  CHECK_ARRAY(cx, einsum1(cx, "ij->i", booleans), "2", "1 0");

  CHECK(is_null(einsum1(cx, "ij->k", a)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_einsum: einstein sum subscripts string included output subscript 'k' which never");
  CHECK(is_null(einsum1(cx, "ij->ii", a)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "includes output subscript 'i' multiple times");
  CHECK(is_null(einsum1(cx, "i", a)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "operand has more dimensions than subscripts given in einstein sum");
  CHECK(is_null(einsum1(cx, "ijk", a)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "contains too many subscripts for operand 0");
  CHECK(is_null(einsum1(cx, "i..j", a)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "contains a '.' that is not part of an ellipsis ('...') in operand 0");
  CHECK(is_null(einsum1(cx, "i1", a)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "invalid subscript '1'");
  CHECK(is_null(einsum1(cx, "ii", a)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "dimensions in operand 0 for collapsing index 'i' don't match (2 != 3)");
  CHECK(is_null(einsum1(cx, "ij,jk", a)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "fewer operands provided to einstein sum function");
  CHECK(is_null(einsum2(cx, "ij", a, b)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "more operands provided to einstein sum function");
  CHECK(is_null(einsum2(cx, "ij,jk", a, a)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "[original->remapped]: (2,3)->(2,newaxis,3) (2,3)->(3,2)");
  CHECK(is_null(ag_einsum(cx, "", NULL, 0)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "at least one operand");
  CHECK(is_null(ag_einsum(cx, NULL, &a, 1)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "the argument subscripts is NULL");
  CHECK(is_null(ag_einsum(cx, "i\xff", &a, 1)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "no UTF-8");
  CHECK(is_null(ag_einsum(cx, "ij", NULL, 1)));
  CHECK_ERROR(cx, AG_ERR_ARGUMENT, "operands is NULL");
  CHECK(is_null(einsum2(cx, "ij,jk", a, null_array())));
  CHECK_ERROR(cx, AG_ERR_HANDLE, "ag_einsum");
  /* A result too large for any memory. */
  ag_array wide = ag_broadcast_to(cx, ag_scalar(cx, 1.0), millions, 1);
  chain[0] = chain[1] = chain[2] = wide;
  CHECK(is_null(ag_einsum(cx, "i,j,k->ijk", chain, 3)));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "ag_");
}

/* The quadratic form x' A x and its gradient (A + A') x. */
static ag_array form(ag_context *cx, const ag_array *args, size_t nargs, void *user) {
  ag_array operands[3];
  (void)nargs;
  operands[0] = args[0], operands[1] = *(const ag_array *)user, operands[2] = args[0];
  return ag_einsum(cx, "i,ij,j", operands, 3);
}

static void test_gradient(ag_context *cx) {
  ag_array a = array_of(cx, AG_F64, "2,2", "1 2 3 4");
  ag_array x = vector_of(cx, "1 -2");
  CHECK_ARRAY(cx, form(cx, &x, 1, &a), "", "7");
  CHECK_ARRAY(cx, ag_grad(cx, form, &a, &x, 1, 0), "2", "-8 -11");
  CHECK_ARRAY(cx, ag_hessian(cx, form, &a, &x, 1, 0), "2,2", "2 5 5 8");
}

static void test_vectors(ag_context *cx) {
  ag_array a = vector_of(cx, "1 2 3"), b = vector_of(cx, "4 -5 6");
  ag_array m = array_of(cx, AG_F64, "2,3", "1 2 3 4 5 6");
  ag_array z = array_of(cx, AG_C128, "2", "1 2 0 -1"), w = array_of(cx, AG_C128, "2", "3 0 1 1");
  CHECK_ARRAY(cx, ag_kron(cx, vector_of(cx, "1 10"), a), "6", "1 2 3 10 20 30");
  CHECK_ARRAY(cx, ag_kron(cx, array_of(cx, AG_F64, "1,2,1", "1 2"), array_of(cx, AG_F64, "2,1,2", "1 2 3 4")), "2,2,2",
              "1 2 2 4 3 4 6 8");
  CHECK_ARRAY(cx, ag_vdot(cx, a, b), "", "12");
  CHECK_ARRAY(cx, ag_vdot(cx, z, w), "", "2 -5");
  CHECK_ARRAY(cx, ag_vecdot(cx, m, a), "2", "14 32");
  CHECK_ARRAY(cx, ag_vecdot(cx, z, w), "", "2 -5");
  CHECK_ARRAY(cx, ag_vecdot_axis(cx, m, m, 0), "3", "17 29 45");
  CHECK_ARRAY(cx, ag_matvec(cx, m, a), "2", "14 32");
  CHECK_ARRAY(cx, ag_vecmat(cx, vector_of(cx, "1 -1"), m), "3", "-3 -3 -3");
  CHECK_ARRAY(cx, ag_cross(cx, a, b), "3", "27 6 -13");
  CHECK_ARRAY(cx, ag_cross(cx, vector_of(cx, "1 2"), vector_of(cx, "3 4")), "", "-2");
  CHECK_ARRAY(cx, ag_cross(cx, vector_of(cx, "1 2"), b), "3", "12 -6 -13");
  CHECK_ARRAY(cx, ag_cross_axes(cx, ag_transpose(cx, m), m, 0, 1, 0), "3,2", "0 0 0 0 0 0");

  CHECK(is_null(ag_vdot(cx, a, m)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_vdot: cannot reshape array of size 6 into shape (3,)");
  CHECK(is_null(ag_vecdot(cx, m, z)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_vecdot: Input operand 1 has a mismatch in its core dimension 0");
  CHECK(is_null(ag_vecdot(cx, ag_scalar(cx, 1.0), a)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "does not have enough dimensions");
  CHECK(is_null(ag_vecdot_axis(cx, m, m, 2)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "axis 2 is out of bounds");
  CHECK(is_null(ag_matvec(cx, a, a)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "ag_matvec: Input operand 0 does not have enough dimensions (has 1");
  CHECK(is_null(ag_vecmat(cx, a, m)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_vecmat: Input operand 1 has a mismatch");
  CHECK(is_null(ag_cross(cx, vector_of(cx, "1 2 3 4"), a)));
  CHECK_ERROR(cx, AG_ERR_SHAPE, "ag_cross: incompatible dimensions for cross product");
  CHECK(is_null(ag_cross(cx, ag_scalar(cx, 1.0), a)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "At least one array has zero dimension");
  CHECK(is_null(ag_cross_axes(cx, m, m, 1, 5, 0)));
  CHECK_ERROR(cx, AG_ERR_VALUE, "axisb: axis 5 is out of bounds");
  ag_array wide = ag_broadcast_to(cx, ag_scalar(cx, 1.0), million_million, 1);
  CHECK(is_null(ag_kron(cx, wide, wide)));
  CHECK_ERROR(cx, AG_ERR_MEMORY, "ag_kron");
}

int main(void) {
  ag_context *cx = ag_context_new();
  test_einsum(cx);
  test_gradient(cx);
  test_vectors(cx);
  return finish(cx);
}
