;; The loops of src/cenc/ctr-batch.ts. src/cenc/ctr-kernel.ts holds this module in its binary form.
(module
  ;; One page: counter blocks and then their key stream below 32 KiB, and what is XORed above.
  (memory (export "memory") 1)

  ;; Writes counter blocks into [$at, $end), big-endian. The second half of the block counts modulo 2^64.
  (func (export "count")
    (param $at i32) (param $end i32)
    (param $high0 i32) (param $high1 i32) (param $low0 i32) (param $low1 i32)
    (local $block v128) (local $one v128)
    (local.set $block
      (i64x2.replace_lane 1
        (i64x2.splat
          (i64.or
            (i64.shl (i64.extend_i32_u (local.get $high0)) (i64.const 32))
            (i64.extend_i32_u (local.get $high1))))
        (i64.or
          (i64.shl (i64.extend_i32_u (local.get $low0)) (i64.const 32))
          (i64.extend_i32_u (local.get $low1)))))
    (local.set $one (v128.const i64x2 0 1))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (v128.store (local.get $at)
          (i8x16.swizzle (local.get $block) (v128.const i8x16 7 6 5 4 3 2 1 0 15 14 13 12 11 10 9 8)))
        (local.set $block (i64x2.add (local.get $block) (local.get $one)))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next))))

  ;; XORs the bytes from $stream on into [$at, $end), 16 at a time.
  (func (export "xor") (param $at i32) (param $end i32) (param $stream i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (v128.store (local.get $at)
          (v128.xor (v128.load (local.get $at)) (v128.load (local.get $stream))))
        (local.set $stream (i32.add (local.get $stream) (i32.const 16)))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $next)))))
