import { describe, expect, it } from 'vitest'
import en from './locales/en'
import zh from './locales/zh'

const slots = (words: string): string => [...words.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort().join()

describe('the words of the after-sales pages', () => {
  it('stand in both languages with the same facts, and no Chinese in English', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort())
    const uneven = (Object.keys(zh) as (keyof typeof zh)[]).filter((key) => en[key].split(' | ').every((form) => slots(form) !== slots(zh[key])))
    expect(uneven).toEqual([])
    expect(Object.values(en).filter((words) => /[一-鿿]/u.test(words))).toEqual([])
  })
})
