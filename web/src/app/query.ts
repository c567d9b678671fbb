/** Server state of the list pages. Handed to every useQuery by name, so that the room's first load does not carry it. */
import { QueryClient } from '@tanstack/vue-query'
import { ApiProblem } from '@/api/problem'

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (count, reason) => count < 2 && reason instanceof ApiProblem && (reason.offline || reason.status >= 500),
      refetchOnWindowFocus: true,
    },
  },
})
