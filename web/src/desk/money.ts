/** Money typed by people. Yuan exists only on the screen; everything else is integer fen, and no float is ever involved. */

/** 99,999,999.99 yuan: the largest single amount a form accepts. */
export const YUAN_INPUT_FEN_MAX = 9_999_999_999

export type YuanProblem = 'empty' | 'not_a_number' | 'too_many_decimals' | 'too_large'
export type ParsedYuan = { ok: true; fen: number } | { ok: false; problem: YuanProblem }

/**
 * Reads what a person typed or pasted as yuan: '29.9', '￥1,299.00', '２９．９０', '29 元'. Never negative.
 * Digits are joined as text, so 0.29 is 29 fen and 1.005 is refused rather than rounded.
 */
export function parseYuan(text: string): ParsedYuan {
  const plain = text
    .normalize('NFKC')
    .replace(/[¥￥元\s]/gu, '')
    .replace(/。/gu, '.')
  if (plain === '') return { ok: false, problem: 'empty' }
  const ungrouped = /^\d{1,3}(,\d{3})+(\.\d*)?$/u.test(plain) ? plain.replaceAll(',', '') : plain
  const match = /^(\d*)(?:\.(\d*))?$/u.exec(ungrouped)
  const whole = match?.[1] ?? ''
  const decimals = match?.[2] ?? ''
  if (!match || (whole === '' && decimals === '')) return { ok: false, problem: 'not_a_number' }
  if (decimals.replace(/0+$/u, '').length > 2) return { ok: false, problem: 'too_many_decimals' }
  const fen = BigInt((whole === '' ? '0' : whole) + decimals.slice(0, 2).padEnd(2, '0'))
  if (fen > BigInt(YUAN_INPUT_FEN_MAX)) return { ok: false, problem: 'too_large' }
  return { ok: true, fen: Number(fen) }
}

/** 2990 → '29.90': what stands in a yuan input; parseYuan reads it back to the same fen. */
export function yuanInput(fen: number): string {
  if (!Number.isSafeInteger(fen)) throw new RangeError(`fen must be a safe integer, got ${fen}`)
  const digits = String(Math.abs(fen)).padStart(3, '0')
  return `${fen < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

/** '12.5' (per cent) → 1250 basis points; null when it is not a share between 0 and `bpsMax`. */
export function parsePercentBps(text: string, bpsMax = 10_000): number | null {
  const parsed = parseYuan(text.replace(/[%％]/gu, ''))
  return parsed.ok && parsed.fen <= bpsMax ? parsed.fen : null
}

/** 1250 → '12.5', 1000 → '10'. */
export function percentInput(bps: number): string {
  return yuanInput(bps).replace(/\.?0+$/u, '')
}
