import { describe, expect, it } from 'vitest'
import zh from '../locales/zh'
import { NOTICE_OUTCOMES, noticeTone, orderNumberOf } from './notices'

describe('payment notices', () => {
  it('find their order', () => {
    expect(orderNumberOf('26112404712369469009P01')).toBe('26112404712369469009')
    expect(orderNumberOf('26112404712369469009P12R03')).toBe('26112404712369469009')
    expect(orderNumberOf('ABP1X')).toBe('ABP1X')
  })

  it('have a word for every outcome, and are loud about what nobody handled', () => {
    for (const name of NOTICE_OUTCOMES) expect(zh).toHaveProperty([`outcome.${name}`])
    expect(noticeTone('paid')).toBe('good')
    expect(noticeTone('duplicate')).toBe('plain')
    expect(noticeTone('late')).toBe('warn')
    for (const name of ['forged', 'wrong_amount', 'refund_abnormal', 'made_up_tomorrow']) expect(noticeTone(name)).toBe('bad')
  })
})
