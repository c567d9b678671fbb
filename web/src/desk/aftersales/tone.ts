import type { CaseState } from '../api/aftersales'

const TONES: Record<CaseState, 'plain' | 'accent' | 'good' | 'warn' | 'bad'> = {
  asked: 'warn', approved: 'accent', returning: 'warn', inspected: 'warn', resending: 'accent', refunding: 'accent', done: 'good', refused: 'bad', arbitration: 'bad', decided: 'bad', dismissed: 'plain', withdrawn: 'plain', expired: 'plain',
}
export const caseTone = (state: CaseState): 'plain' | 'accent' | 'good' | 'warn' | 'bad' => TONES[state] ?? 'plain'
