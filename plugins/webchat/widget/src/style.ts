// Constructed style sheets are allowed by a page that forbids inline styles. Colours and sizes are those of the console.
export const CSS = `
:host{all:initial!important;position:fixed!important;z-index:2147483000!important;inset:auto!important;display:block!important;
--surface:#fff;--sunken:#f1f1ed;--line:#e3e2dd;--line-strong:#868883;--text:#1b1d20;--text-2:#50545b;--bad:#b3261e;--bad-soft:#fce9e7;
--warn:#865000;--warn-soft:#fcf0d8;--shadow:0 12px 32px rgba(27,29,32,.18),0 0 0 1px rgba(27,29,32,.07);
font:400 14px/1.45 Inter,"Segoe UI Variable Text","Segoe UI",system-ui,-apple-system,Roboto,"Noto Sans",sans-serif!important;color:var(--text)!important;color-scheme:light!important}
:host([data-theme=dark]){--surface:#1a1d20;--sunken:#2a2f34;--line:#2d3237;--line-strong:#747b83;--text:#ecedef;--text-2:#b6bbc2;--bad:#ff938a;--bad-soft:#3a1c1a;
--warn:#efbb62;--warn-soft:#33270f;--shadow:0 16px 40px rgba(0,0,0,.6),0 0 0 1px rgba(255,255,255,.1);color-scheme:dark!important}
*,*::before{box-sizing:border-box}
[hidden]{display:none!important}
button,input,textarea{font:inherit;color:inherit;margin:0}
button{border:0;background:none;padding:0;cursor:pointer}
svg{width:20px;height:20px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round;flex:none;display:block}
:focus-visible{outline:2px solid var(--text);outline-offset:2px}
.launch{position:fixed;bottom:20px;right:20px;width:56px;height:56px;border-radius:50%;background:var(--accent);color:var(--ink);display:grid;place-items:center;
box-shadow:0 6px 20px rgba(0,0,0,.25);transition:transform .12s}
.launch:hover{transform:scale(1.05)}
.launch:focus-visible{outline-color:var(--accent);outline-offset:3px;box-shadow:0 0 0 3px #fff}
.launch svg{width:26px;height:26px}
.badge{position:absolute;top:-3px;right:-3px;min-width:22px;height:22px;padding:0 6px;border-radius:11px;background:#b3261e;color:#fff;font-size:12px;font-weight:600;line-height:22px;
text-align:center;box-shadow:0 0 0 2px #fff}
.panel{position:fixed;bottom:88px;right:20px;width:384px;height:min(640px,calc(100vh - 108px));height:min(640px,calc(100dvh - 108px));display:flex;flex-direction:column;overflow:hidden;
background:var(--surface);color:var(--text);border-radius:14px;box-shadow:var(--shadow);animation:rise .2s cubic-bezier(.2,0,0,1)}
.left .launch{right:auto;left:20px}.left .panel{right:auto;left:20px}
@keyframes rise{from{opacity:0;transform:translateY(12px)}}
header{display:flex;align-items:center;gap:12px;padding:14px 10px 14px 16px;background:var(--accent);color:var(--ink);flex:none}
header .tile{width:36px;height:36px;border-radius:50%;display:grid;place-items:center;flex:none;background:color-mix(in srgb,var(--ink) 16%,transparent);font-weight:600;font-size:15px}
h2{margin:0;flex:1;min-width:0;font-size:16px;line-height:1.25;font-weight:600;overflow-wrap:anywhere;display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden}
.icon{width:40px;height:40px;border-radius:8px;display:grid;place-items:center;flex:none}
.icon:hover{background:color-mix(in srgb,currentColor 12%,transparent)}
header :focus-visible{outline-color:currentColor}
.offline{flex:none;padding:8px 16px;background:var(--warn-soft);color:var(--warn);font-size:13px}
.log{flex:1;min-height:0;overflow-y:auto;overscroll-behavior:contain;scrollbar-width:thin;scrollbar-color:var(--line-strong) transparent}
.log:focus-visible{outline-offset:-3px}
.list{min-height:100%;padding:16px;display:flex;flex-direction:column;justify-content:flex-end}
.day{align-self:center;margin:14px 0 4px;font-size:12px;color:var(--text-2)}
.item{max-width:82%;margin-top:10px;align-self:flex-start;display:flex;flex-direction:column;align-items:flex-start;min-width:0}
.item.run{margin-top:3px}
.item.mine{align-self:flex-end;align-items:flex-end}
.bubble{padding:9px 13px;border-radius:16px;background:var(--sunken);white-space:pre-wrap;overflow-wrap:anywhere;max-width:100%;border-bottom-left-radius:5px}
.mine .bubble{background:var(--accent);color:var(--ink);border-radius:16px;border-bottom-right-radius:5px}
.bubble+.card,.bubble+.picture,.card+.card,.picture+.picture,.card+.picture,.picture+.card{margin-top:4px}
.bubble a{color:inherit;text-underline-offset:2px}
.mine .bubble a:focus-visible{outline-color:currentColor}
.quote{display:block;border-left:2px solid currentColor;padding-left:8px;margin-bottom:5px;opacity:.8;font-size:13px;max-height:38px;overflow:hidden}
.picture{display:block;border-radius:14px;overflow:hidden;background:var(--sunken);border:1px solid var(--line);max-width:100%}
.picture img,.picture canvas{display:block;max-width:100%;max-height:260px;object-fit:contain;min-width:72px;min-height:48px}
.card{display:flex;align-items:center;gap:10px;padding:10px 14px 10px 10px;border:1px solid var(--line);border-radius:14px;background:var(--surface);color:var(--text);text-decoration:none;max-width:100%;min-width:0}
a.card:hover{background:var(--sunken)}
.card>svg{width:36px;height:36px;padding:8px;border-radius:9px;background:var(--sunken)}
.card span{min-width:0;display:block}
.card b{display:block;font-weight:500;overflow-wrap:anywhere;display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden}
.card small{font-size:12px;color:var(--text-2);display:block}
progress{display:block;width:180px;max-width:100%;height:4px;margin-top:6px;border:0;border-radius:2px;overflow:hidden;background:var(--line);appearance:none;-webkit-appearance:none}
progress::-webkit-progress-bar{background:var(--line)}
progress::-webkit-progress-value{background:var(--accent)}
progress::-moz-progress-bar{background:var(--accent)}
.meta{display:flex;align-items:center;flex-wrap:wrap;gap:2px 5px;margin:4px 4px 0;font-size:12px;color:var(--text-2)}
.mine .meta{justify-content:flex-end;text-align:right}
.meta svg{width:14px;height:14px}
.meta:empty{display:none}
.meta .bad{color:var(--bad);display:inline-flex;gap:4px}
.meta .bad svg{margin-top:2px}
.meta button{color:var(--text);font-weight:600;text-decoration:underline;text-underline-offset:2px;min-height:24px;padding:0 4px}
.choices{display:flex;flex-wrap:wrap;gap:6px;margin-top:6px}
.choice{min-height:36px;padding:6px 14px;border:1px solid var(--line-strong);border-radius:18px;background:var(--surface);color:var(--text);font-weight:500;text-align:left;overflow-wrap:anywhere;text-decoration:none;display:inline-flex;align-items:center}
.choice:hover:not(:disabled){background:var(--sunken)}
.choice:disabled{opacity:.55;cursor:default}
.newer{position:absolute;left:50%;transform:translateX(-50%);bottom:84px;padding:7px 14px 7px 10px;border-radius:999px;background:var(--text);color:var(--surface);font-size:13px;font-weight:500;display:flex;gap:6px;align-items:center}
.newer svg{width:16px;height:16px}
.foot{flex:none;border-top:1px solid var(--line);padding:10px 10px calc(10px + env(safe-area-inset-bottom,0px))}
.write{display:flex;align-items:flex-end;gap:4px;border:1px solid var(--line-strong);border-radius:12px;padding:3px;background:var(--surface)}
.write:focus-within{border-color:var(--text)}
.write textarea{flex:1;min-width:0;height:36px;max-height:132px;resize:none;border:0;outline:0;background:none;padding:8px 6px;line-height:20px;overflow-y:auto;scrollbar-width:thin}
.write textarea:first-child{padding-left:10px}
textarea::placeholder{color:var(--text-2);opacity:1}
.write .icon{width:36px;height:36px}
.send{background:var(--accent);color:var(--ink);border-radius:9px}
.send:hover{background:var(--accent)}
.send:disabled{background:var(--sunken);color:var(--text-2);cursor:default}
.error{margin:0 0 8px;padding:7px 10px;border-radius:8px;background:var(--bad-soft);color:var(--bad);font-size:13px;overflow-wrap:anywhere}
.form{display:grid;gap:12px;padding:6px}
.form b{font-size:14px;font-weight:600}
.form label{display:grid;gap:5px;font-size:13px;font-weight:600}
.form label b{font-size:13px;color:var(--text)}
.form label span{font-weight:400;color:var(--text-2)}
.form input{width:100%;min-height:40px;padding:8px 10px;border:1px solid var(--line-strong);border-radius:8px;background:var(--surface);font-weight:400;font-size:14px}
.form input[aria-invalid=true]{border-color:var(--bad)}
.form i{font-style:normal;font-weight:400;color:var(--bad)}
.begin{min-height:40px;border-radius:8px;background:var(--accent);color:var(--ink);font-weight:600}
.drop{position:absolute;inset:8px;border:2px dashed var(--text);border-radius:12px;background:var(--surface);display:grid;place-items:center;font-weight:600;opacity:.95;pointer-events:none}
.hide{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (max-width:480px){
.panel{inset:0!important;width:auto;height:100vh;height:100dvh;border-radius:0;box-shadow:none}
.write textarea,.form input{font-size:16px}
.open .launch{display:none}
header{padding-top:calc(12px + env(safe-area-inset-top,0px))}
}
@media (prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}}
@media (forced-colors:active){.bubble,.launch,header,.send{border:1px solid}}
@media print{:host{display:none!important}}
`;
