import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import en from './en'
import zh from './zh'

const DESK = join(process.cwd(), 'src/desk')

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return name === 'locales' ? [] : sources(path)
    return /\.(vue|ts)$/.test(name) && !name.endsWith('.test.ts') ? [path] : []
  })
}
const slots = (words: string): string[] => [...words.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort()

describe('the desk in two languages', () => {
  it('has the same keys in both, none without words', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort())
    const silent = Object.entries({ ...zh }).filter(([key, words]) => words.trim() === '' && key !== 'chat.kind_line')
    expect(silent).toEqual([])
  })

  it('names the same facts in both', () => {
    const uneven = (Object.keys(zh) as (keyof typeof zh)[]).filter((key) => {
      const forms = en[key].split(' | ')
      return forms.every((form) => slots(form).join() !== slots(zh[key]).join())
    })
    expect(uneven).toEqual([])
  })

  it('keeps Chinese out of the English file', () => {
    expect(Object.entries(en).filter(([, words]) => /[一-鿿]/u.test(words))).toEqual([])
  })

  it('holds every key that a screen names', () => {
    const missing = new Set<string>()
    for (const path of sources(DESK)) {
      const text = readFileSync(path, 'utf8')
      for (const [, key] of text.matchAll(/\$?\bt\(\s*'([a-z_]+\.[\w-]+)'/g)) if (key && !(key in zh)) missing.add(`${path}: ${key}`)
      for (const [, left, right] of text.matchAll(/\bt\([^'"`()]*\?\s*'([a-z_]+\.[\w-]+)'\s*:\s*'([a-z_]+\.[\w-]+)'/g)) {
        for (const key of [left, right]) if (key && !(key in zh)) missing.add(`${path}: ${key}`)
      }
    }
    expect([...missing]).toEqual([])
  })

  it('has a word for everything behind a made-up key', () => {
    const sets: Record<string, string[]> = {
      broadcast: ['draft', 'rehearsal', 'live', 'ended', 'none'],
      order: ['placed', 'paid', 'shipped', 'received', 'settled', 'cancelled', 'expired', 'refunding', 'refunded'],
      product_state: ['draft', 'pending', 'approved', 'refused', 'withdrawn'],
      tag: ['seven_day_return', 'freight_cover', 'damage_compensation', 'ship_48h', 'origin_traceable', 'installation'],
      needs: ['operator_name', 'seller_notice', 'safety_notice', 'realname', 'bag', 'products', 'stream'],
      source: ['home', 'follow', 'shelf', 'search', 'share', 'direct'],
      health: ['level_off', 'level_good', 'level_warn', 'level_bad', 'say_bitrate', 'say_fps', 'say_dropped', 'say_delay', 'say_gop', 'say_recording'],
      notice: [
        'stream_started', 'stream_stopped', 'broadcast_cut', 'publisher_stalled', 'publisher_recovered', 'gop_too_long', 'recording_stopped', 'recording_resumed',
        'recording_not_closed',
      ],
      coupon_state: ['scheduled', 'open', 'gone', 'ended', 'stopped'],
      coupon: ['benefit_off', 'benefit_percent', 'benefit_freight', 'scope_all', 'scope_products', 'scope_categories', 'scope_shops', 'group_coupon', 'group_member', 'group_campaign'],
      realname_state: ['none', 'pending', 'verified', 'stale', 'refused'],
      money_input: ['empty', 'not_a_number', 'too_many_decimals', 'too_large'],
      account: ['gateway', 'escrow', 'refunds_payable', 'merchant_payable', 'creator_commission', 'platform_fee'],
      case_state: ['asked', 'approved', 'returning', 'inspected', 'resending', 'refunding', 'done', 'refused', 'arbitration', 'decided', 'dismissed', 'withdrawn', 'expired'],
      case_kind: ['refund_only', 'return_refund', 'exchange', 'repair', 'price_protection'],
      case_turn: ['buyer', 'shop', 'operator'],
      case_fault: ['merchant', 'buyer', 'none'],
      case_payer: ['buyer', 'merchant', 'cover'],
      outcome: ['refund', 'partial', 'compensate', 'refuse'],
      payout: ['return_freight', 'compensation'],
      entry: ['payment', 'late_payment', 'refund_promised', 'refund_paid', 'settlement'],
    }
    const missing = Object.entries(sets).flatMap(([prefix, names]) => names.map((name) => `${prefix}.${name}`).filter((key) => !(key in zh)))
    expect(missing).toEqual([])
  })
})
