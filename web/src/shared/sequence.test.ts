import { describe, expect, it } from 'vitest'
import { Sequence } from './sequence'

function at(seq: number): Sequence {
  const sequence = new Sequence()
  sequence.reset(seq)
  return sequence
}

describe('Sequence', () => {
  it('applies frames that follow one another', () => {
    const sequence = at(10)
    expect([11, 12, 13].map((n) => sequence.accept(n))).toEqual(['apply', 'apply', 'apply'])
    expect(sequence.gap).toBe(false)
  })

  it('sees a gap, and sees it closed by a straggler', () => {
    const sequence = at(10)
    expect(sequence.accept(12)).toBe('apply')
    expect(sequence.gap).toBe(true)
    expect(sequence.accept(11)).toBe('apply')
    expect(sequence.gap).toBe(false)
  })

  it('drops what it already has', () => {
    const sequence = at(10)
    sequence.accept(11)
    expect(sequence.accept(11)).toBe('drop')
    expect(sequence.accept(9)).toBe('drop')
  })

  it('asks for a restart when the numbering has begun anew or has jumped far', () => {
    expect(at(5_000).accept(1)).toBe('restart')
    expect(at(10).accept(5_000)).toBe('restart')
  })

  it('forgets the gap when a snapshot has covered it', () => {
    const sequence = at(10)
    sequence.accept(15)
    sequence.reset(15)
    expect(sequence.gap).toBe(false)
    expect(sequence.accept(16)).toBe('apply')
  })
})
