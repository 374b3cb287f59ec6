;; Fills and copies 48 MiB again and again: much work by few instructions, so little fuel.
(component
  (core module $m
    (memory 768)
    (func (export "run") (result i32)
      (loop $more
        (memory.fill (i32.const 0) (i32.const 1) (i32.const 50331648))
        (memory.copy (i32.const 0) (i32.const 64) (i32.const 50331584))
        (br $more))
      i32.const 1))
  (core instance $i (instantiate $m))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))
