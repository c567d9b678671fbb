/** From an order to the payment page and back. */
import { ref, shallowRef } from 'vue'
import type { Router } from 'vue-router'
import { api, path } from '@/api/client'
import { Intention } from '@/api/intention'
import type { PaymentMethods, PaymentStarted, PaymentState } from '@/api/types'
import { toast } from '../toast'
import { t } from '../words'

export type PayWay = PaymentMethods['items'][number]
const WIDE = '(min-width: 900px) and (pointer: fine)'
const POLL_MS = 1_000
const POLL_SECONDS_MAX = 30
const paying = new Intention()

/** What can be paid with here, the buyer's last way first; null until the server has said so. */
export const ways = shallowRef<PayWay[] | null>(null)
export const way = ref<PayWay['method'] | null>(null)

/** Asked for each time a place to pay opens: what was used last may have changed. */
export async function loadWays(): Promise<void> {
  const wide = matchMedia(WIDE).matches
  try {
    ways.value = (await api.get<PaymentMethods>(`/api/payment-methods?wide=${wide}`)).items
  } catch {
    return // what was known before stays; paying itself says what is wrong
  }
  if (!ways.value.some((one) => one.method === way.value)) way.value = ways.value[0]?.method ?? null
}

/** Leaves this page for the payment page; that one leads back to `returnPath?paid=<order id>`. */
export async function goAndPay(orderId: string, returnPath: string): Promise<void> {
  if (way.value === null) await loadWays()
  const body = { method: way.value ?? 'wechat_h5', return_path: `${returnPath}?paid=${encodeURIComponent(orderId)}` }
  const started = await paying.attempt({ orderId, ...body }, (key) => api.post<PaymentStarted>(path`/api/orders/${orderId}/payments`, body, { key }))
  location.assign(started.pay_url)
}

/** Asks until the payment is decided; the server asks the gateway where the callback is late. */
export async function awaitPayment(orderId: string, seconds: number = POLL_SECONDS_MAX): Promise<PaymentState['state']> {
  const until = Date.now() + seconds * 1_000
  let last: PaymentState['state'] = 'pending'
  while (Date.now() < until) {
    try {
      last = (await api.get<PaymentState>(path`/api/orders/${orderId}/payment`)).state
    } catch {
      last = 'pending' // the network may be back in a second; the order page tells in the end
    }
    if (last !== 'pending') return last
    await new Promise((done) => setTimeout(done, POLL_MS))
  }
  return last
}

/** Back in the room or on a page: a toast, not a page. */
export async function watchPayment(orderId: string, router: Router): Promise<PaymentState['state']> {
  const state = await awaitPayment(orderId)
  const look = { text: t('pay.see_order'), run: () => void router.push(`/orders/${orderId}`) }
  if (state === 'paid') toast(t('pay.paid'), { icon: 'check-circle', action: look })
  else if (state === 'refunded_late') toast(t('pay.refunded_late'), { icon: 'info', action: look })
  else toast(t(state === 'pending' ? 'pay.pending' : 'pay.not_paid'), { icon: 'info', action: { ...look, text: t(state === 'pending' ? 'pay.see_order' : 'pay.go_on') } })
  return state
}
