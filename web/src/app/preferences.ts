/** What a person chose on this device: large text, sound, the line. */
import { ref, watch } from 'vue'
import type { LineChoice } from '@/shared/player'

function stored<T extends string>(name: string, allowed: readonly T[], otherwise: T): T {
  const value = globalThis.localStorage?.getItem(`kaibo.${name}`)
  return allowed.find((a) => a === value) ?? otherwise
}

export const largeText = ref(stored('large', ['yes', 'no'], 'no') === 'yes')
export const lineChoice = ref<LineChoice>(stored('line', ['auto', 'hls', 'flv'], 'auto'))
/** Sound is wanted once a person has turned it on; only for this visit, since a new page may not start with sound. */
export const soundWanted = ref(false)

watch(largeText, (large) => {
  document.documentElement.classList.toggle('large-text', large)
  localStorage.setItem('kaibo.large', large ? 'yes' : 'no')
})
watch(lineChoice, (choice) => localStorage.setItem('kaibo.line', choice))

export function applyPreferences(): void {
  document.documentElement.classList.toggle('large-text', largeText.value)
}
