import { createApp } from 'vue'
import '@/shared/theme.css'
import { startLocale } from '@/shared/i18n'
import App from './App.vue'

void startLocale().then(() => createApp(App).mount('#app'))
