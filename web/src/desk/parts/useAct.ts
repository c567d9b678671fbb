import { ref, type Ref } from 'vue'
import { newKey, Problem } from '../api/http'
import { tell } from './ask'

/**
 * Runs one action at a time and shows its fault. The idempotency key handed to `work` stays the same after a lost answer,
 * so that pressing again asks about the first attempt instead of making a second one.
 */
export function useAct(): { busy: Ref<boolean>; act: <T>(work: (key: string) => Promise<T>) => Promise<T | undefined> } {
  const busy = ref(false)
  let key = newKey()
  async function act<T>(work: (key: string) => Promise<T>): Promise<T | undefined> {
    if (busy.value) return undefined
    busy.value = true
    try {
      const answer = await work(key)
      key = newKey()
      return answer
    } catch (error) {
      if (error instanceof Problem && error.status > 0 && error.status < 500) key = newKey()
      tell(error)
      return undefined
    } finally {
      busy.value = false
    }
  }
  return { busy, act }
}
