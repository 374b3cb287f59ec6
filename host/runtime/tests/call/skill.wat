;; Functions that end in every way that a call can.
(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $q))
    (export "pollable" (type $p (eq $q)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core module $m
    (import "h" "block" (func $block (param i32)))
    (import "h" "subscribe" (func $subscribe (param i64) (result i32)))
    (memory (export "memory") 3)
    (func (export "fine") (result i64) (i64.const 9007199254740993))
    ;; result<u32, string>: an error at 16, of the text at 64
    (data (i32.const 16) "\01\00\00\00\40\00\00\00\04\00\00\00")
    (data (i32.const 64) "sold")
    (func (export "mixed") (result i32) (i32.const 16))
    (func (export "trap") unreachable)
    (func (export "spin") (loop (br 0)) (drop (i32.const 0)))
    (func (export "grow")
      (loop (br_if 0 (i32.ne (memory.grow (i32.const 100)) (i32.const -1)))) unreachable)
    (func (export "sleep") (call $block (call $subscribe (i64.const 3600000000000))))
    ;; a string of 128 KiB, all spaces
    (data (i32.const 32) "\00\00\01\00\00\00\02\00")
    (func (export "flood") (result i32)
      (memory.fill (i32.const 65536) (i32.const 32) (i32.const 131072)) (i32.const 32))
    (func (export "not-a-number") (result f64) (f64.const nan)))
  (core instance $i (instantiate $m (with "h" (instance
    (export "block" (func $block)) (export "subscribe" (func $subscribe))))))
  (func (export "fine") (result u64) (canon lift (core func $i "fine")))
  (func (export "mixed") (result (result u32 (error string)))
    (canon lift (core func $i "mixed") (memory (core memory $i "memory"))))
  (func (export "trap") (canon lift (core func $i "trap")))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "grow") (canon lift (core func $i "grow")))
  (func (export "sleep") (canon lift (core func $i "sleep")))
  (func (export "flood") (result string)
    (canon lift (core func $i "flood") (memory (core memory $i "memory"))))
  (func (export "not-a-number") (result f64) (canon lift (core func $i "not-a-number"))))
