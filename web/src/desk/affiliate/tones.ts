import type { PlanKind, SampleState } from '../api/affiliate'

type Tone = 'plain' | 'accent' | 'good' | 'warn' | 'bad'

export const planTone = (kind: PlanKind): Tone => ({ open: 'plain', targeted: 'accent', exclusive: 'warn' } as const)[kind]

export function sampleTone(state: SampleState): Tone {
  if (state === 'asked' || state === 'approved') return 'warn'
  if (state === 'shipped' || state === 'received' || state === 'returning') return 'accent'
  return state === 'kept' || state === 'returned' ? 'good' : 'plain'
}
