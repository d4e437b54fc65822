//! A primitive of the caller's as an operation of the library: its calls, and its rules with what stands in for a missing one.

use super::*;

/// A registered primitive applied to so many arguments, as the library's own.
#[derive(Clone)]
pub(super) struct Applied(pub(super) Rc<Registered>, pub(super) usize);

impl Applied {
    fn context(&self) -> &ag_context {
        // SAFETY: a primitive is applied, and its rules run, only through its context, which is alive then.
        unsafe { &*self.0.cx }
    }

    /// What a callback returned, with the primitive's name before its message.
    fn called(
        &self,
        values: &[Array],
        results: usize,
        run: impl FnOnce(*mut ag_context, &[ag_array], &mut [ag_array]),
    ) -> SmallVec<[Array; 1]> {
        let c = self.context();
        let differentiated = values.iter().any(|v| v.level(&c.core.trace) > 0);
        let outer = c.core.rule_differentiated.replace(differentiated);
        let found = match results {
            0 => c.frame_up_to(values, 1, AG_MOST_RESULTS, run),
            results => c.frame(values, results, run),
        };
        c.core.rule_differentiated.set(outer);
        if c.core.failed() {
            c.core.amend_error(|e| e.within(&self.0.name));
        }
        found
    }

    /// The same of the forward function: values that outlive it are marked, see [`Array::saved`].
    fn called_forward(
        &self,
        values: &[Array],
        results: usize,
        run: impl FnOnce(*mut ag_context, &[ag_array], &mut [ag_array]),
    ) -> SmallVec<[Array; 1]> {
        self.context().forward.set(true);
        self.called(values, results, run)
    }

    fn rule(&self, vjp: bool, argnum: usize) -> VjpRule {
        let list = if vjp { self.0.vjps.borrow() } else { self.0.jvps.borrow() };
        list.get(argnum).copied().unwrap_or(VjpRule::Missing)
    }

    /// (gs or tangent, ans, args) in one list, as rules of raw kernels and primitives take them.
    fn together(first: &[Array], ans: &[Array], args: &[Array]) -> SmallVec<[Array; 4]> {
        first.iter().chain(ans).chain(args).cloned().collect()
    }

    fn by_primitive(&self, serial: u64, values: &[Array]) -> SmallVec<[Array; 1]> {
        let c = self.context();
        let Some(rule) = c.primitive_by_serial(serial) else {
            c.core.fail(Error::derivative("the primitive that is its rule was freed").within(&self.0.name));
            return SmallVec::new();
        };
        let references: SmallVec<[&Array; 4]> = values.iter().collect();
        apply_multi(&c.core, &Applied(rule, values.len()), &references)
    }

    /// The VJP of one argument, of a primitive without vjp_argnums.
    fn vjp_of(&self, cx: &Context, argnum: usize, gs: &[Array], args: &[Array], ans: &[Array]) -> Array {
        match self.rule(true, argnum) {
            VjpRule::Zero => Array::Null,
            VjpRule::Missing => cx.fail(
                Error::derivative(format!("the VJP with respect to argument {argnum} is not defined"))
                    .within(&self.0.name),
            ),
            VjpRule::Function(f) => {
                let values = Self::together(&gs[..1], ans, args);
                self.called(&values, 1, |cx, h, out| {
                    // SAFETY: the caller's rule, with live handles for g, ans and the arguments.
                    out[0] = unsafe { f(cx, h[0], h[1], h[2..].as_ptr(), h.len() - 2, self.0.user.pointer) };
                })
                .pop()
                .unwrap_or_default()
            }
            VjpRule::Raw(kernel) => {
                let values = Self::together(gs, ans, args);
                let like = self.0.nresults * 2 + argnum;
                let rule = RawRule {
                    of: self.0.clone(),
                    kernel,
                    vjp: true,
                    argnum: Some(argnum),
                    like: SmallVec::from_elem(like, 1),
                };
                let references: SmallVec<[&Array; 4]> = values.iter().collect();
                apply_multi(cx, &rule, &references).pop().unwrap_or_default()
            }
            VjpRule::Primitive(serial) => {
                self.by_primitive(serial, &Self::together(gs, ans, args)).pop().unwrap_or_default()
            }
        }
    }

    /// The VJPs of several arguments by a raw kernel that has them all, but for those that have a rule of their own.
    fn vjps_together(
        &self,
        cx: &Context,
        kernel: super::super::raw::Kernel,
        argnums: &[usize],
        gs: &[Array],
        args: &[Array],
        ans: &[Array],
    ) -> SmallVec<[Array; 2]> {
        let mut together: Option<SmallVec<[Array; 1]>> = None;
        let mut parts = SmallVec::new();
        for &k in argnums {
            if !matches!(self.rule(true, k), VjpRule::Missing) {
                parts.push(self.vjp_of(cx, k, gs, args, ans));
                continue;
            }
            let found = together.get_or_insert_with(|| {
                let values = Self::together(gs, ans, args);
                let like = (2 * self.0.nresults..values.len()).collect();
                let rule = RawRule { of: self.0.clone(), kernel, vjp: true, argnum: None, like };
                let references: SmallVec<[&Array; 4]> = values.iter().collect();
                apply_multi(cx, &rule, &references)
            });
            parts.push(found.get(k).cloned().unwrap_or_default());
        }
        parts
    }

    /// Cotangents that have the shape of their argument, or are to be summed to it over axes along which the result
    /// was broadcast; else an error.
    fn fitting(
        &self,
        cx: &Context,
        argnums: &[usize],
        parts: SmallVec<[Array; 2]>,
        args: &[Array],
        ans: &[Array],
    ) -> SmallVec<[Array; 2]> {
        for (&k, part) in argnums.iter().zip(&parts) {
            let (shape, expected) = (part.shape(), args[k].shape());
            let broadcast = ans.iter().any(|y| y.shape() == shape)
                && crate::array::shape::broadcast(expected, shape).is_ok_and(|s| s.as_slice() == shape);
            if !part.is_null() && shape != expected && !broadcast {
                cx.fail(
                    Error::shape(format!(
                        "the VJP with respect to argument {k} returned shape {}, the argument has {}",
                        crate::array::shape::Show(shape),
                        crate::array::shape::Show(expected)
                    ))
                    .within(&self.0.name),
                );
            }
        }
        parts
    }

    /// Tangents that have the shape of their result, or that of an argument which was broadcast to it; else an error.
    fn fitting_tangents(
        &self,
        cx: &Context,
        parts: SmallVec<[Array; 1]>,
        args: &[Array],
        ans: &[Array],
    ) -> SmallVec<[Array; 1]> {
        for (k, (part, y)) in parts.iter().zip(ans).enumerate() {
            let (shape, expected) = (part.shape(), y.shape());
            let broadcast = args.iter().any(|a| a.shape() == shape)
                && crate::array::shape::broadcast(shape, expected).is_ok_and(|s| s.as_slice() == expected);
            if !part.is_null() && shape != expected && !broadcast {
                let (shape, expected) = (crate::array::shape::Show(shape), crate::array::shape::Show(expected));
                let e = Error::shape(format!("the JVP returned shape {shape} for result {k}, which has {expected}"));
                cx.fail(e.within(&self.0.name));
            }
        }
        parts
    }

    /// The tangents of the results for the tangent of one argument, of a primitive without jvp_argnums.
    fn jvp_of(&self, cx: &Context, argnum: usize, t: &Array, args: &[Array], ans: &[Array]) -> SmallVec<[Array; 1]> {
        if matches!(self.rule(true, argnum), VjpRule::Zero) && matches!(self.rule(false, argnum), VjpRule::Missing) {
            return Array::nulls(ans.len());
        }
        match self.rule(false, argnum) {
            VjpRule::Zero => Array::nulls(ans.len()),
            VjpRule::Missing if self.0.linear => {
                let mut values: SmallVec<[&Array; 4]> = args.iter().collect();
                values[argnum] = t;
                apply_multi(cx, self, &values)
            }
            VjpRule::Missing => self.transposed(cx, argnum, t, args, ans),
            VjpRule::Function(f) => {
                let values = Self::together(std::slice::from_ref(t), ans, args);
                let parts = self.called(&values, 1, |cx, h, out| {
                    // SAFETY: as for the VJP.
                    out[0] = unsafe { f(cx, h[0], h[1], h[2..].as_ptr(), h.len() - 2, self.0.user.pointer) };
                });
                self.fitting_tangents(cx, parts, args, ans)
            }
            VjpRule::Raw(kernel) => {
                let values = Self::together(std::slice::from_ref(t), ans, args);
                let like = (1..=ans.len()).collect();
                let rule = RawRule { of: self.0.clone(), kernel, vjp: false, argnum: Some(argnum), like };
                let references: SmallVec<[&Array; 4]> = values.iter().collect();
                apply_multi(cx, &rule, &references)
            }
            VjpRule::Primitive(serial) => {
                self.by_primitive(serial, &Self::together(std::slice::from_ref(t), ans, args))
            }
        }
    }

    /// The JVP as the transpose of the VJP: of one that is recorded as a function of its cotangent, or, where it reads
    /// elements of that and so cannot be recorded, of its values for all unit vectors.
    fn transposed(
        &self,
        cx: &Context,
        argnum: usize,
        t: &Array,
        args: &[Array],
        ans: &[Array],
    ) -> SmallVec<[Array; 1]> {
        match cx.attempted(|| self.transposed_record(cx, argnum, t, args, ans)) {
            Ok(Some(result)) => result,
            Err(e) if e.code != code::TRACED || cx.no_elements.get() => {
                cx.fail(e);
                Array::nulls(ans.len())
            }
            _ => {
                let metas: SmallVec<[Meta; 1]> = ans.iter().map(Meta::of).collect();
                let result = |k: usize| {
                    transpose(cx, &self.0.name, &metas[k], t, &mut |unit| {
                        let mut gs: SmallVec<[Array; 2]> = Array::nulls(metas.len());
                        gs[k] = unit;
                        self.vjp_all(cx, &[argnum], &gs, &metas, &Kept::All { args, ans }).pop().unwrap_or_default()
                    })
                };
                (0..ans.len()).map(|k| if metas[k].dtype.is_inexact() { result(k) } else { Array::Null }).collect()
            }
        }
    }

    /// The transpose of the recorded VJP. `None` where the VJP has a value that doesn't depend on the cotangent, as far as
    /// the record knows: it must have read it.
    fn transposed_record(
        &self,
        cx: &Context,
        argnum: usize,
        t: &Array,
        args: &[Array],
        ans: &[Array],
    ) -> Option<SmallVec<[Array; 1]>> {
        let level = cx.trace.open(true);
        let metas: SmallVec<[Meta; 1]> = ans.iter().map(Meta::of).collect();
        let mut nodes: SmallVec<[u32; 1]> = SmallVec::new();
        let gs: SmallVec<[Array; 2]> = metas
            .iter()
            .map(|meta| {
                let g = crate::operators::grad::box_on(cx, level, &zeros(cx, meta));
                if let Some(((node, _), _)) = g.layer(level) {
                    nodes.push(node);
                }
                g
            })
            .collect();
        // Reading the cotangent is forbidden from here on.
        let (rule, outer) = (cx.enter_rule(), cx.transposing.replace(level));
        let u = self.vjp_all(cx, &[argnum], &gs, &metas, &Kept::All { args, ans }).pop().unwrap_or_default();
        cx.leave_rule(rule);
        cx.transposing.set(outer);
        let mut result = Some(Array::nulls(ans.len()));
        if !cx.failed() && !u.is_null() {
            let u = unbroadcast(cx, u, &Meta::of(&args[argnum]));
            result =
                u.layer(level).zip(cx.trace.level(level).and_then(|l| l.tape)).map(|(((node, _), primal), tape)| {
                    let t = unbroadcast(cx, t.clone(), &Meta::of(&primal));
                    pull_back(cx, &tape, &[(node, t)], &nodes, true).into_iter().collect()
                });
        }
        cx.trace.close(level);
        result
    }
}

/// The transpose of a map `f` that is linear over the real numbers, applied to `t`: what pairs with each `g` of the form `meta` as
/// `f(g)` does with `t`, the pairing being Re(sum of g y), as everywhere. It takes a call per element, and another one where
/// these are complex. Operations of the library's take `f(g)` and `t` together, so either may be recorded.
pub(in crate::capi) fn transpose(
    cx: &Context,
    name: &str,
    meta: &Meta,
    t: &Array,
    f: &mut dyn FnMut(Array) -> Array,
) -> Array {
    let n = crate::array::shape::size_of(&meta.shape);
    let mut pair = |j: usize, turned: bool| {
        let unit = with_dtype!(meta.dtype, T => cx.engine.build::<T>(&meta.shape, |d| {
            d.fill(T::default());
            d[j] = T::from_f64(1.0);
        }));
        let unit = cx.take(name, unit.map(Array::from));
        let y = f(if turned { complex::times_i(cx, &unit, 1.0) } else { unit });
        if y.is_null() {
            return if cx.failed() { y } else { Array::from(0.0) };
        }
        let product = elementwise::binary(cx, &elementwise::MUL, &y, t);
        let sum = reduce::sum(cx, &product, &reduce::all_axes(&product), false);
        if sum.dtype().is_complex() { complex::real(cx, &sum) } else { sum }
    };
    let mut elements: Vec<Array> = Vec::with_capacity(n.min(1 << 16));
    for j in 0..n {
        let re = pair(j, false);
        elements.push(if meta.dtype.is_complex() {
            let im = pair(j, true);
            complex::join(cx, &re, &unary(cx, &elementwise::NEG, &im))
        } else {
            re
        });
        if cx.failed() {
            return Array::Null;
        }
    }
    if elements.is_empty() {
        return Array::Null;
    }
    let joined = shape::stack(cx, &elements.iter().collect::<Vec<_>>(), 0);
    elementwise::astype(cx, &shape::reshape(cx, &joined, &meta.shape), meta.dtype)
}

impl Primitive for Applied {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn failure(&self, e: Error) -> Error {
        e.within(&self.0.name)
    }

    fn eval(&self, cx: &Context, args: &[Array]) -> Result<Array> {
        Ok(self.eval_all(cx, args)?.pop().unwrap_or_default())
    }

    fn eval_all(&self, cx: &Context, args: &[Array]) -> Result<SmallVec<[Array; 1]>> {
        let found = match self.0.forward {
            Forward::Raw { .. } => return crate::capi::raw::forward(&self.0, cx, args),
            Forward::Arrays { one: Some(f), .. } => self.called_forward(args, 1, |cx, h, out| {
                // SAFETY: the caller's function, with live handles.
                out[0] = unsafe { f(cx, h.as_ptr(), h.len(), self.0.user.pointer) };
            }),
            Forward::Arrays { multi: Some(f), .. } => self.called_forward(args, self.0.nresults, |raw, h, out| {
                // SAFETY: as above, with room for the results.
                let status = unsafe { f(raw, h.as_ptr(), h.len(), out.as_mut_ptr(), out.len(), self.0.user.pointer) };
                if status != 0 {
                    cx.fail(returned(status, format!("the callback failed with code {status}")));
                }
            }),
            Forward::Arrays { .. } => unreachable!("checked at the registration"),
        };
        if found.iter().any(|y| y.level(&cx.trace) > 0) {
            return Err(Error::callback(
                "the forward function returned a recorded array: it must compute from its arguments alone",
            ));
        }
        Ok(found.iter().map(Array::plain).collect())
    }

    fn keeps(&self, _: &[usize]) -> u64 {
        ALL
    }

    fn vjp(&self, cx: &Context, argnum: usize, g: &Array, kept: &Kept<'_>) -> Array {
        let (args, ans) = kept.all(self.1);
        let gs = std::slice::from_ref(g);
        match self.0.kernels.vjp_all {
            Some(kernel) => self.vjps_together(cx, kernel, &[argnum], gs, args, ans).pop().unwrap_or_default(),
            None => self.vjp_of(cx, argnum, gs, args, ans),
        }
    }

    fn jvp(&self, cx: &Context, argnum: usize, t: &Array, kept: &Kept<'_>) -> Array {
        let (args, ans) = kept.all(self.1);
        self.jvp_of(cx, argnum, t, args, ans).pop().unwrap_or_default()
    }

    fn vjp_all(
        &self,
        cx: &Context,
        argnums: &[usize],
        gs: &[Array],
        metas: &[Meta],
        kept: &Kept<'_>,
    ) -> SmallVec<[Array; 2]> {
        let (args, ans) = kept.all(self.1);
        let gs: SmallVec<[Array; 2]> =
            gs.iter().zip(metas).map(|(g, meta)| if g.is_null() { zeros(cx, meta) } else { g.clone() }).collect();
        let Some(f) = self.0.vjp_argnums else {
            let parts = match self.0.kernels.vjp_all {
                Some(kernel) => self.vjps_together(cx, kernel, argnums, &gs, args, ans),
                None => argnums.iter().map(|&k| self.vjp_of(cx, k, &gs, args, ans)).collect(),
            };
            return self.fitting(cx, argnums, parts, args, ans);
        };
        let values = Self::together(&gs, ans, args);
        let n = ans.len();
        let found = self.called(&values, argnums.len(), |raw, h, out| {
            // SAFETY: the caller's rule, with live handles and room for the gradients.
            let status = unsafe {
                f(
                    raw,
                    argnums.as_ptr(),
                    argnums.len(),
                    h.as_ptr(),
                    h[n..].as_ptr(),
                    n,
                    h[2 * n..].as_ptr(),
                    h.len() - 2 * n,
                    out.as_mut_ptr(),
                    self.0.user.pointer,
                )
            };
            if status != 0 {
                cx.fail(returned(status, format!("the callback failed with code {status}")));
            }
        });
        if cx.failed() {
            return Array::nulls(argnums.len());
        }
        self.fitting(cx, argnums, found.into_iter().collect(), args, ans)
    }

    fn jvp_all(&self, cx: &Context, argnums: &[usize], ts: &[Array], kept: &Kept<'_>) -> SmallVec<[Array; 1]> {
        let (args, ans) = kept.all(self.1);
        let Some(f) = self.0.jvp_argnums else {
            let mut sum: SmallVec<[Array; 1]> = Array::nulls(ans.len());
            for (&k, t) in argnums.iter().zip(ts) {
                let parts = self.jvp_of(cx, k, t, args, ans);
                for (s, part) in sum.iter_mut().zip(parts) {
                    *s = accumulate(cx, std::mem::take(s), part);
                }
            }
            return sum;
        };
        let values = Self::together(ts, ans, args);
        let (n, m) = (ts.len(), ans.len());
        let parts = self.called(&values, m, |raw, h, out| {
            // SAFETY: as for the VJP.
            let status = unsafe {
                f(
                    raw,
                    argnums.as_ptr(),
                    h.as_ptr(),
                    n,
                    h[n..].as_ptr(),
                    m,
                    h[n + m..].as_ptr(),
                    h.len() - n - m,
                    out.as_mut_ptr(),
                    self.0.user.pointer,
                )
            };
            if status != 0 {
                cx.fail(returned(status, format!("the callback failed with code {status}")));
            }
        });
        self.fitting_tangents(cx, parts, args, ans)
    }
}
