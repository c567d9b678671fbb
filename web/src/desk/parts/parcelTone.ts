import type { ShopParcel } from '../api/wire'

const TONES: Record<ShopParcel['state'], 'plain' | 'accent' | 'good' | 'warn' | 'bad'> = {
  announced: 'plain', collected: 'accent', in_transit: 'accent', out_for_delivery: 'accent', delivered: 'good', exception: 'bad', returned: 'warn',
}
export const parcelTone = (state: ShopParcel['state']): 'plain' | 'accent' | 'good' | 'warn' | 'bad' => TONES[state] ?? 'plain'
