import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import appEn from '@/app/locales/en'
import appZh from '@/app/locales/zh'
import { fill } from './i18n'
import sharedEn from './locales/en'
import sharedZh from './locales/zh'

const SRC = join(import.meta.dirname, '..')

function sources(folder: string): string {
  return readdirSync(join(SRC, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(vue|ts)$/.test(name) && !/locales|\.test\.ts$/.test(name))
    .map((name) => readFileSync(join(SRC, folder, name), 'utf8')).join('\n')
}

/** Keys written out, and the fixed beginnings and endings of keys that are put together: `state.${order.state}`. */
function unused(keys: string[], text: string): string[] {
  const patterns = [...text.matchAll(/`([a-z]+\.[^`\s]*\$\{[^`\s]*)`/g)].map((m) => new RegExp(`^${m[1]!.split(/\$\{[^}]*\}/).map((part) => part.replace(/\./g, '\\.')).join('[a-z0-9_]+')}$`))
  return keys.filter((key) => !text.includes(`'${key}'`) && !patterns.some((pattern) => pattern.test(key)))
}

describe.each([['app', appZh, appEn], ['shared', sharedZh, sharedEn]] as const)('words of %s', (folder, zh, en) => {
  it('have the same keys in both languages', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort())
  })

  it('name the same facts in both languages', () => {
    const facts = (text: string): string[] => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!))].sort()
    for (const [key, text] of Object.entries(zh)) expect([key, facts((en as Record<string, string>)[key]!)]).toEqual([key, facts(text)])
  })

  it('are all used', () => {
    expect(unused(Object.keys(zh), folder === 'shared' ? sources('shared') + sources('api') : sources(folder))).toEqual([])
  })
})

describe('fill', () => {
  it('puts facts into their places and leaves unknown places visible', () => {
    expect(fill('仅剩 {left} 件，{other}', { left: 3 })).toBe('仅剩 3 件，{other}')
  })

  it('chooses between one and many', () => {
    expect(fill('1 item | {count} items', { count: 1 })).toBe('1 item')
    expect(fill('1 item | {count} items', { count: 4 })).toBe('4 items')
  })
})
