import { createPinia } from 'pinia'
import { createApp } from 'vue'
import '@/shared/theme.css'
import './app.css'
import { startLocale } from '@/shared/i18n'
import App from './App.vue'
import { applyPreferences } from './preferences'
import { router } from './router'

applyPreferences()
void startLocale().then(() => createApp(App).use(createPinia()).use(router).mount('#app'))

if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  window.addEventListener('load', () => void navigator.serviceWorker.register('/sw.js').catch(() => undefined))
}
