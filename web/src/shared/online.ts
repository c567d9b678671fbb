/** Whether the network is there, as far as the browser and our own last requests can tell. */
import { ref } from 'vue'

export const online = ref(typeof navigator === 'undefined' ? true : navigator.onLine)

if (typeof window !== 'undefined') {
  window.addEventListener('online', () => (online.value = true))
  window.addEventListener('offline', () => (online.value = false))
}
