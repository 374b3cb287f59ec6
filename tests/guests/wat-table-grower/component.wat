;; Grows a table until it gets no more, and says how far that went.
(component
  (core module $m
    (table $t 1 funcref)
    (func (export "run") (result i32)
      (loop $more
        (br_if $more (i32.ne (i32.const -1) (table.grow $t (ref.null func) (i32.const 65536)))))
      (table.size $t)))
  (core instance $i (instantiate $m))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))
