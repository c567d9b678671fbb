import { describe, expect, it } from 'vitest'
import { shape } from './shape'

describe('a schema as a person reads it', () => {
  it('names members, marks what may be left out, and follows references', () => {
    const known = { Line: { type: 'object', properties: { sku_id: { type: 'string', format: 'uuid' }, note: { anyOf: [{ type: 'string' }, { type: 'null' }] } }, required: ['sku_id'] } }
    expect(shape({ type: 'array', items: { $ref: '#/components/schemas/Line' } }, known)).toBe('[{\n  sku_id: uuid\n  note?: string | null\n}]')
  })
  it('ends where a shape contains itself', () => {
    const known = { Tree: { properties: { kids: { type: 'array', items: { $ref: '#/components/schemas/Tree' } } } } }
    expect(shape({ $ref: '#/components/schemas/Tree' }, known)).toBe('{\n  kids?: [Tree]\n}')
  })
  it('says what may stand there', () => {
    expect(shape({ enum: ['a', 'b'] }, {})).toBe('"a" | "b"')
    expect(shape({ const: 1 }, {})).toBe('1')
    expect(shape(undefined, {})).toBe('any')
  })
})
