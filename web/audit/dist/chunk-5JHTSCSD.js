var t=new Set;function S(e){if(t.has(e))return;t.add(e);let n=new CSSStyleSheet;n.replaceSync(e),document.adoptedStyleSheets.push(n)}export{S as a};
