;; Thirty-two memories of 1 MiB, each of which asks for 4 MiB more.
(component
  (core module $m
    (memory $m0 16)
    (memory $m1 16)
    (memory $m2 16)
    (memory $m3 16)
    (memory $m4 16)
    (memory $m5 16)
    (memory $m6 16)
    (memory $m7 16)
    (memory $m8 16)
    (memory $m9 16)
    (memory $m10 16)
    (memory $m11 16)
    (memory $m12 16)
    (memory $m13 16)
    (memory $m14 16)
    (memory $m15 16)
    (memory $m16 16)
    (memory $m17 16)
    (memory $m18 16)
    (memory $m19 16)
    (memory $m20 16)
    (memory $m21 16)
    (memory $m22 16)
    (memory $m23 16)
    (memory $m24 16)
    (memory $m25 16)
    (memory $m26 16)
    (memory $m27 16)
    (memory $m28 16)
    (memory $m29 16)
    (memory $m30 16)
    (memory $m31 16)
    (func (export "run") (result i32)
      (drop (memory.grow $m0 (i32.const 64)))
      (drop (memory.grow $m1 (i32.const 64)))
      (drop (memory.grow $m2 (i32.const 64)))
      (drop (memory.grow $m3 (i32.const 64)))
      (drop (memory.grow $m4 (i32.const 64)))
      (drop (memory.grow $m5 (i32.const 64)))
      (drop (memory.grow $m6 (i32.const 64)))
      (drop (memory.grow $m7 (i32.const 64)))
      (drop (memory.grow $m8 (i32.const 64)))
      (drop (memory.grow $m9 (i32.const 64)))
      (drop (memory.grow $m10 (i32.const 64)))
      (drop (memory.grow $m11 (i32.const 64)))
      (drop (memory.grow $m12 (i32.const 64)))
      (drop (memory.grow $m13 (i32.const 64)))
      (drop (memory.grow $m14 (i32.const 64)))
      (drop (memory.grow $m15 (i32.const 64)))
      (drop (memory.grow $m16 (i32.const 64)))
      (drop (memory.grow $m17 (i32.const 64)))
      (drop (memory.grow $m18 (i32.const 64)))
      (drop (memory.grow $m19 (i32.const 64)))
      (drop (memory.grow $m20 (i32.const 64)))
      (drop (memory.grow $m21 (i32.const 64)))
      (drop (memory.grow $m22 (i32.const 64)))
      (drop (memory.grow $m23 (i32.const 64)))
      (drop (memory.grow $m24 (i32.const 64)))
      (drop (memory.grow $m25 (i32.const 64)))
      (drop (memory.grow $m26 (i32.const 64)))
      (drop (memory.grow $m27 (i32.const 64)))
      (drop (memory.grow $m28 (i32.const 64)))
      (drop (memory.grow $m29 (i32.const 64)))
      (drop (memory.grow $m30 (i32.const 64)))
      (drop (memory.grow $m31 (i32.const 64)))
      i32.const 0
      memory.size $m0
      i32.add
      memory.size $m1
      i32.add
      memory.size $m2
      i32.add
      memory.size $m3
      i32.add
      memory.size $m4
      i32.add
      memory.size $m5
      i32.add
      memory.size $m6
      i32.add
      memory.size $m7
      i32.add
      memory.size $m8
      i32.add
      memory.size $m9
      i32.add
      memory.size $m10
      i32.add
      memory.size $m11
      i32.add
      memory.size $m12
      i32.add
      memory.size $m13
      i32.add
      memory.size $m14
      i32.add
      memory.size $m15
      i32.add
      memory.size $m16
      i32.add
      memory.size $m17
      i32.add
      memory.size $m18
      i32.add
      memory.size $m19
      i32.add
      memory.size $m20
      i32.add
      memory.size $m21
      i32.add
      memory.size $m22
      i32.add
      memory.size $m23
      i32.add
      memory.size $m24
      i32.add
      memory.size $m25
      i32.add
      memory.size $m26
      i32.add
      memory.size $m27
      i32.add
      memory.size $m28
      i32.add
      memory.size $m29
      i32.add
      memory.size $m30
      i32.add
      memory.size $m31
      i32.add)
  )
  (core instance $i (instantiate $m))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))
