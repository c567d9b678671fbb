import { computed, ref, watch, type ComputedRef, type Ref } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { whenRested } from './whenRested'

export interface ListQuery {
  /** What stands in the address under this name. */
  text: (name: string, other?: string) => string
  /** Changes some of it and keeps the rest; an empty word takes the name out. */
  put: (change: Record<string, string>) => void
  q: ComputedRef<string>
  /** The search field; it reaches `q` once the typing rests. */
  typed: Ref<string>
}

/** What a list shows is written in the address, so that a reload, a link and the way back find it again. */
export function useListQuery(): ListQuery {
  const route = useRoute()
  const router = useRouter()
  const text = (name: string, other = ''): string => (typeof route.query[name] === 'string' ? route.query[name] : other)
  const put = (change: Record<string, string>): void => {
    const query = { ...route.query, ...change }
    void router.replace({ query: Object.fromEntries(Object.entries(query).filter(([, value]) => value !== '')) })
  }
  const q = computed(() => text('q'))
  const typed = ref(q.value)
  whenRested(typed, (now) => put({ q: now.trim() }))
  watch(q, (now) => {
    if (now !== typed.value.trim()) typed.value = now
  })
  return { text, put, q, typed }
}
