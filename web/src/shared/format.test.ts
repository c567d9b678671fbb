import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { clockText, countText, leftText, priceParts, priceText, relativeText } from './format'
import { setLocale } from './i18n'
import Price from './parts/Price.vue'

describe('prices', () => {
  it.each([[0, '¥0.00'], [5, '¥0.05'], [90, '¥0.90'], [2990, '¥29.90'], [100000, '¥1000.00'], [1299900, '¥12,999.00'], [-1050, '-¥10.50']])('%i fen is %s', (fen, text) => {
    expect(priceText(fen)).toBe(text)
  })

  it('always has two decimals, so that ¥29.90 never stands beside ¥29.9', () => {
    expect(priceParts(2990).fen).toBe('90')
    expect(priceParts(3000).fen).toBe('00')
  })

  it('is shown with a large whole part and read out whole', async () => {
    await setLocale('zh-CN')
    const price = mount(Price, { props: { fen: 2990, from: true } })
    expect(price.find('.yuan').text()).toBe('29')
    expect(price.text()).toBe('¥29.90起')
    expect(price.attributes('aria-label')).toBe('¥29.90 起')
  })
})

describe('counts', () => {
  it.each([[0, '0'], [9_999, '9999'], [10_000, '1万'], [12_999, '1.2万'], [128_034, '12.8万'], [123_456_789, '1.2亿']])('%i is %s in Chinese', (n, text) => expect(countText(n, 'zh-CN')).toBe(text))
  it.each([[999, '999'], [1_000, '1k'], [12_345, '12.3k'], [2_500_000, '2.5M']])('%i is %s in English', (n, text) => expect(countText(n, 'en')).toBe(text))
})

describe('times', () => {
  it('counts down in minutes and in hours', () => {
    expect(clockText(165)).toBe('02:45')
    expect(clockText(3_725)).toBe('1:02:05')
    expect(clockText(-3)).toBe('00:00')
    expect(leftText(172_799, 'zh-CN')).toBe('47:59:59')
    expect(leftText(431_901, 'zh-CN')).toBe('4 天 23:58:21')
    expect(leftText(172_805, 'en')).toBe('2d 00:00:05')
    expect(leftText(-1, 'en')).toBe('00:00')
  })

  it('is relative within a week and a date beyond', () => {
    const now = Date.parse('2026-11-23T08:00:00Z')
    expect(relativeText('2026-11-23T07:57:00Z', 'zh-CN', now)).toBe('3分钟前')
    expect(relativeText('2026-11-01T07:57:00Z', 'zh-CN', now)).toContain('2026-11-01')
  })
})
