import en from 'element-plus/es/locale/lang/en'
import zhCn from 'element-plus/es/locale/lang/zh-cn'
import type { Locale } from '@/i18n'
// Called from code and not by a tag, so the resolver does not see that their styles are needed.
import 'element-plus/es/components/message/style/css'
import 'element-plus/es/components/message-box/style/css'
import 'element-plus/es/components/notification/style/css'
import 'element-plus/es/components/loading/style/css'

/** The one place that configures Element Plus. */
export const ELEMENT_LOCALES = { en, 'zh-CN': zhCn } satisfies Record<Locale, object>
export const MESSAGE_DEFAULTS = { showClose: true, duration: 4000, grouping: true }
