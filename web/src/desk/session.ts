import { computed, reactive } from 'vue'
import { people } from './api/people'
import { keepCsrf } from '@/api/client'
import { trustCsrf } from './api/http'
import type { Grant, Me, Meta } from './api/wire'

const state = reactive<{ me: Me | null; meta: Meta | null; failed: boolean }>({ me: null, meta: null, failed: false })
let loading: Promise<void> | null = null

async function load(): Promise<void> {
  const [me, meta] = await Promise.allSettled([people.me(), people.meta()])
  if (meta.status === 'fulfilled') state.meta = meta.value
  state.failed = me.status === 'rejected'
  if (me.status === 'fulfilled') take(me.value)
}

function take(me: Me): void {
  state.me = me
  keepCsrf(me.csrf_token)
  trustCsrf(me.csrf_token)
}

function platform(role: string): boolean {
  return grants.value.some((grant) => grant.scope_kind === 'platform' && grant.role === role)
}

const grants = computed<Grant[]>(() => state.me?.grants ?? [])
const shops = computed(() =>
  grants.value.filter((grant) => grant.scope_kind === 'shop' && grant.scope_id).map((grant) => ({ id: grant.scope_id as string, name: grant.scope_name ?? '' })),
)

const agencies = computed(() =>
  grants.value.filter((grant) => grant.scope_kind === 'agency' && grant.scope_id).map((grant) => ({ id: grant.scope_id as string, name: grant.scope_name ?? '' })),
)

/** Who sits at the desk and what they may do; one per page. */
export const session = {
  state,
  grants,
  shops,
  agencies,
  signedIn: computed(() => state.me?.signed_in === true),
  person: computed(() => state.me?.person ?? null),
  isOperator: computed(() => platform('operator')),
  isReviewer: computed(() => platform('reviewer') || platform('operator')),
  hasRooms: computed(() => grants.value.some((grant) => grant.scope_kind === 'room')),
  /** Loads once; `again` after a login, an approval or a new room, because grants have changed. */
  ready(again = false): Promise<void> {
    if (again || !loading || state.failed) loading = load()
    return loading
  },
  take,
  forget(): void {
    loading = null
    state.me = null
  },
}
