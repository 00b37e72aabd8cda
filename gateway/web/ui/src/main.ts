import { createApp } from 'vue'
import App from './App.vue'
import { makeI18n } from './i18n'
import { startCounty } from './model/county'
import { startTheme } from './model/theme'
import { startRouter } from './router'
import './style/base.css'
import './style/parts.css'
import './style/views.css'

startTheme()
startRouter()
startCounty()
createApp(App).use(makeI18n()).mount('#app')
