/** What a buyer can do with an order, with the words asked before it. */
import { ref } from 'vue'
import { api, path } from '@/api/client'
import { Intention } from '@/api/intention'
import type { Order } from '@/api/types'
import { goAndPay } from '../buy/payment'
import { toast, toastProblem } from '../toast'
import { t, type WordKey } from '../words'

export type Asked = 'cancel' | 'refund' | 'receive'

/** The reasons that are offered; what is sent are the words, as the merchant will read them. */
export const REASONS: Record<'cancel' | 'refund', WordKey[]> = {
  cancel: ['reason.not_wanted', 'reason.wrong_sku', 'reason.wrong_address', 'reason.price', 'reason.other'],
  refund: ['reason.not_wanted', 'reason.too_slow', 'reason.wrong_sku', 'reason.wrong_address', 'reason.other'],
}

export function useOrderWork(changed: (order: Order) => void) {
  const busy = ref(false)
  const acting = new Intention()

  async function run(work: () => Promise<void>): Promise<void> {
    if (busy.value) return
    busy.value = true
    try {
      await work()
    } catch (reason) {
      toastProblem(reason)
    } finally {
      busy.value = false
    }
  }

  const pay = (order: Order): Promise<void> => run(() => goAndPay(order.id, `/orders/${order.id}`))

  const act = (order: Order, what: Asked, reason: string): Promise<void> => run(async () => {
    const body = what === 'receive' ? undefined : { reason }
    const to = path`/api/orders/${order.id}/` + what
    changed(await acting.attempt({ to, body }, (key) => api.post<Order>(to, body, { key })))
    toast(t(`order.done_${what}`), { icon: 'check-circle' })
  })

  const remind = (order: Order): Promise<void> => run(async () => {
    changed(await api.post<Order>(path`/api/orders/${order.id}/remind`))
    toast(t('order.reminded'), { icon: 'check-circle' })
  })

  return { busy, pay, act, remind }
}
