/** Who is looking, and the one way to ask them to sign in: in place, and then the thing they wanted goes on. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { api, ApiProblem, keepCsrf, onSignedOut } from '@/api/client'
import type { Me } from '@/api/types'

const DESK_ROLES = new Set(['host', 'cohost', 'moderator', 'runner', 'merchant_staff', 'agency', 'operator', 'reviewer', 'owner', 'staff'])

export const useMe = defineStore('me', () => {
  const me = shallowRef<Me | null>(null)
  const fault = shallowRef<unknown>(null)
  /** Set while the login sheet is open. */
  const asking = ref(false)
  let answers: ((signedIn: boolean) => void)[] = []
  let loading: Promise<void> | null = null

  const signedIn = computed(() => me.value?.signed_in === true)
  const person = computed(() => me.value?.person ?? null)
  const worksHere = computed(() => me.value?.grants.some((g) => DESK_ROLES.has(g.role)) ?? false)

  function keep(next: Me): void {
    me.value = next
    fault.value = null
    keepCsrf(next.csrf_token)
  }

  function load(): Promise<void> {
    loading ??= api.get<Me>('/api/me').then(keep, (reason: unknown) => { fault.value = reason }).finally(() => { loading = null })
    return loading
  }

  async function ready(): Promise<void> {
    if (!me.value) await load()
  }

  async function logIn(phone: string, code: string): Promise<void> {
    keep(await api.post<Me>('/api/login', { phone, code, agreed: true }))
    if (asking.value) settle(true)
  }

  async function logOut(): Promise<void> {
    await api.post('/api/logout')
    me.value = null
    await load()
  }

  async function rename(nickname: string): Promise<void> {
    keep(await api.patch<Me>('/api/me', { nickname }))
  }

  async function leaveForGood(): Promise<void> {
    await api.delete('/api/me')
    me.value = null
    await load()
  }

  function settle(answer: boolean): void {
    asking.value = false
    answers.splice(0).forEach((tell) => tell(answer))
  }

  /** True at once for a person who is signed in; otherwise opens the sheet and waits for its end. */
  async function ensure(): Promise<boolean> {
    await ready()
    if (signedIn.value) return true
    asking.value = true
    return new Promise((resolve) => answers.push(resolve))
  }

  /** Run what needs a login; asks first, and once more when the server says that the login has lapsed. */
  async function withLogin<T>(run: () => Promise<T>): Promise<T | undefined> {
    if (!(await ensure())) return undefined
    try {
      return await run()
    } catch (reason) {
      if (!(reason instanceof ApiProblem && reason.signInNeeded) || !(await ensure())) throw reason
      return run()
    }
  }

  onSignedOut(() => { if (me.value?.signed_in) me.value = { ...me.value, signed_in: false, person: null, grants: [] } })

  return { me, fault, asking, signedIn, person, worksHere, load, ready, logIn, logOut, rename, leaveForGood, ensure, withLogin, settle }
})
