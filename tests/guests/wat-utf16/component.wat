;; Says its text in UTF-16, which the host does not take.
(component
  (core module $m
    (memory (export "memory") 1)
    (data (i32.const 16) "o\00k\00")
    (func (export "run") (result i32)
      (i32.store (i32.const 0) (i32.const 16))
      (i32.store (i32.const 4) (i32.const 2))
      i32.const 0))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (func (export "run") (result string)
    (canon lift (core func $i "run") (memory $memory) string-encoding=utf16)))
