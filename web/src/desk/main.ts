import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { createApp } from 'vue'
import 'element-plus/theme-chalk/base.css'
import 'element-plus/theme-chalk/el-message.css'
import 'element-plus/theme-chalk/el-message-box.css'
// Message boxes are opened from code: what they are made of is not seen by the resolver.
import 'element-plus/theme-chalk/el-overlay.css'
import 'element-plus/theme-chalk/el-button.css'
import 'element-plus/theme-chalk/el-input.css'
import 'element-plus/theme-chalk/el-icon.css'
import './styles.css'
import App from './App.vue'
import { onSignedOut } from '@/api/client'
import { startLocale } from '@/shared/i18n'
import { Problem } from './api/http'
import { router, toLogin } from './router'
import { session } from './session'
import { t } from './words'

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // What the server refused will be refused again; only a lost connection or a 5xx deserves another try.
      retry: (tries, error) => tries < 2 && !(error instanceof Problem && error.status > 0 && error.status < 500),
    },
  },
})

onSignedOut(() => {
  if (!session.signedIn.value) return
  session.forget()
  queries.clear()
  void toLogin()
})

await startLocale()
const app = createApp(App).use(router).use(VueQueryPlugin, { queryClient: queries })
app.config.globalProperties.$t = t
app.mount('#app')
