;; Computes for ever in its start function, before any tool is called.
(component
  (core module $m
    (func $start (loop $l (br $l)))
    (start $start)
    (func (export "run") (result i32) i32.const 1))
  (core instance $i (instantiate $m))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))
