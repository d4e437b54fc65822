// The C header from C++ as it is: a lambda without captures is a callback, a struct behind `user` is its closure,
// and two small guards of five lines make the context and the scopes leave by themselves.
#include "common/check.h"

#include <cmath>
#include <cstdio>
#include <vector>

namespace {

struct scope {
  explicit scope(ag_context *context) : cx(context), handle(ag_scope_enter(context)) {}
  ~scope() { ag_scope_leave(cx, handle); }
  scope(const scope &) = delete;
  scope &operator=(const scope &) = delete;
  ag_context *cx;
  ag_scope handle;
};

// Decaying oscillation a exp(-b t) cos(c t), the model that is fitted to measurements.
struct measurements {
  ag_array times, values;
};

ag_array model(ag_context *cx, ag_array parameters, ag_array times) {
  ag_array a = ag_index(cx, parameters, "0"), b = ag_index(cx, parameters, "1"), c = ag_index(cx, parameters, "2");
  ag_array decay = ag_exp(cx, ag_neg(cx, ag_mul(cx, b, times)));
  return ag_mul(cx, a, ag_mul(cx, decay, ag_cos(cx, ag_mul(cx, c, times))));
}

// A callback with the mean square of the misfit: the lambda turns into a plain function pointer.
const ag_function misfit = [](ag_context *cx, const ag_array *args, size_t, void *user) {
  auto data = static_cast<const measurements *>(user);
  return ag_mean(cx, ag_square(cx, ag_sub(cx, model(cx, args[0], data->times), data->values)));
};

} // namespace

int main() {
  ag_context *cx = ag_context_new();

  const double truth[] = {1.5, 0.4, 3.0};
  std::vector<double> times, values;
  for (int i = 0; i < 60; i++) {
    double t = 0.05 * i;
    times.push_back(t);
    values.push_back(truth[0] * std::exp(-truth[1] * t) * std::cos(truth[2] * t));
  }
  measurements data = {ag_vector(cx, times.data(), times.size()), ag_vector(cx, values.data(), values.size())};

  const double guess[] = {1.0, 0.1, 2.7};
  ag_array parameters = ag_vector(cx, guess, 3);
  for (int i = 0; i <= 1000; i++) {
    scope step(cx);
    ag_array gradient;
    ag_array loss = ag_value_and_grad(cx, misfit, &data, &parameters, 1, 0, &gradient);
    ag_set(cx, parameters, ag_sub(cx, parameters, ag_mul_scalar(cx, gradient, 0.3)));
    if (i % 250 == 0) std::printf("step %4d  misfit %.3e\n", i, ag_item(cx, loss));
  }
  std::printf("fitted: %s\n", ag_to_string(cx, parameters));
  check_array(cx, "fitted parameters", parameters, truth, 3, 1e-8);
  return check_finish(cx);
}
