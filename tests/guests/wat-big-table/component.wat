;; A table of a hundred million places from the start.
(component
  (core module $m
    (table 100000000 funcref)
    (func (export "run") (result i32) i32.const 1))
  (core instance $i (instantiate $m))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))
