import type { OrderState } from '../api/wire'

const TONES: Record<OrderState, 'plain' | 'accent' | 'good' | 'warn' | 'bad'> = {
  placed: 'plain', reserved: 'plain', paid: 'accent', shipped: 'accent', received: 'good', settled: 'good', cancelled: 'plain', expired: 'plain', refunding: 'warn', refunded: 'plain',
}
export const orderTone = (state: OrderState): 'plain' | 'accent' | 'good' | 'warn' | 'bad' => TONES[state] ?? 'plain'
