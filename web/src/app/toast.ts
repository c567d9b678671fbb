/** Short words at the middle of the screen; one at a time, the newest wins. */
import { ref } from 'vue'
import { wordsOf } from '@/api/problem'
import type { IconName } from '@/shared/parts/icons'

export interface Toast {
  id: number
  text: string
  icon: IconName | null
  action: { text: string; run: () => void } | null
}

const SHOWN_MS = 2_600
const SHOWN_WITH_ACTION_MS = 6_000
export const current = ref<Toast | null>(null)
let count = 0
let timer: ReturnType<typeof setTimeout> | undefined

export function toast(text: string, options: { icon?: IconName; action?: Toast['action'] } = {}): void {
  clearTimeout(timer)
  current.value = { id: ++count, text, icon: options.icon ?? null, action: options.action ?? null }
  timer = setTimeout(() => (current.value = null), options.action ? SHOWN_WITH_ACTION_MS : SHOWN_MS)
}

export function toastProblem(fault: unknown): void {
  toast(wordsOf(fault), { icon: 'alert' })
}

export function dismiss(): void {
  current.value = null
}
