import { describe, expect, it } from 'vitest';
import { canonicalCustomAttributes } from '../../../src/drm/playready/custom-attributes.js';

describe('custom attributes', () => {
  it.each([
    ['alphabetical attributes', '<n Foo="1" Bar="2"/>', '<n Bar="2" Foo="1"></n>'],
    ['namespaces before attributes', '<n a="1" xmlns="urn:x"/>', '<n xmlns="urn:x" a="1"></n>'],
    [
      'namespaces by prefix',
      '<z:n xmlns:z="urn:z" xmlns:a="urn:a" xmlns="urn:d"/>',
      '<z:n xmlns="urn:d" xmlns:a="urn:a" xmlns:z="urn:z"></z:n>',
    ],
    // Canonical XML 1.1, 2.2: by namespace URI first, no namespace before all.
    [
      'attributes by namespace, then name',
      '<n xmlns:b="urn:1" xmlns:a="urn:2" a:x="1" b:x="2" z="3" xml:lang="en"/>',
      '<n xmlns:a="urn:2" xmlns:b="urn:1" z="3" xml:lang="en" b:x="2" a:x="1"></n>',
    ],
    ['no namespace twice', '<n xmlns="urn:x"><m xmlns="urn:x"/></n>', '<n xmlns="urn:x"><m></m></n>'],
    [
      'no namespace of the header twice',
      '<n xmlns="http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader"/>',
      '<n></n>',
    ],
    ['leaving the default namespace', '<n xmlns=""/>', '<n xmlns=""></n>'],
    ['explicit closing tags', '<a/><b/>', '<a></a><b></b>'],
    ['double quotes', `<n a='say "hi"'/>`, '<n a="say &quot;hi&quot;"></n>'],
    ['entities', '<n a="&lt;&#x41;&gt;">&#65;&amp;&apos;&gt;</n>', '<n a="&lt;A>">A&amp;\'&gt;</n>'],
    ['line breaks in attributes', '<n a="x&#10;y&#9;z&#13;"/>', '<n a="x&#xA;y&#x9;z&#xD;"></n>'],
    ['line ends', '<n>\r\n</n>', '<n>\n</n>'],
    ['character data sections', '<n><![CDATA[a<b&c]]></n>', '<n>a&lt;b&amp;c</n>'],
    ['no comments', '<n><!-- & note --></n>', '<n></n>'],
    ['processing instructions', '<n><?go  now ?></n>', '<n><?go now ?></n>'],
    ['a file with declaration', '\uFEFF<?xml version="1.0" encoding="utf-8"?>\n<n/>\n', '<n></n>'],
    ['text alone', ' service=AAA ', 'service=AAA'],
    ['characters beyond the BMP', '<n>\u{1F511}ü</n>', '<n>\u{1F511}ü</n>'],
    [
      'a prefixed element inside another',
      '<x:Studio xmlns:x="urn:example:studio"><x:Reel>Seven</x:Reel></x:Studio>',
      '<x:Studio xmlns:x="urn:example:studio"><x:Reel>Seven</x:Reel></x:Studio>',
    ],
  ])('%s', (_, fragment, canonical) => {
    expect(canonicalCustomAttributes(fragment)).toBe(canonical);
    expect(canonicalCustomAttributes(canonical)).toBe(canonical);
  });

  it.each([
    ['nothing', ''],
    ['white space', ' \n'],
    ['a declaration alone', '<?xml version="1.0"?>'],
    ['only a comment', '<!-- x -->'],
    ['an open element', '<a>'],
    ['crossed elements', '<a><b></a></b>'],
    ['an attribute without quotes', '<a x=1/>'],
    ['an attribute twice', '<a x="1" x="2"/>'],
    ['attributes without space between', '<a x="1"y="2"/>'],
    ['an unbound prefix', '<p:a/>'],
    ['a bare ampersand', '<a>x & y</a>'],
    ['a bare ampersand in an attribute', '<a x="1&2"/>'],
    ['an unknown entity', '<a>&nbsp;</a>'],
    ['a reference to NUL', '<a>&#0;</a>'],
    ['a reference to a control character', '<a>&#x1;</a>'],
    ['a reference to a surrogate', '<a>&#xD800;</a>'],
    ['a reference beyond Unicode', '<a>&#x110000;</a>'],
    ['a control character', '<a>\u0001</a>'],
    ['a lone surrogate', '<a>\uD800</a>'],
    ['a document type', '<!DOCTYPE a><a/>'],
    ['an entity of its own', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ['a way out of the element', '</CUSTOMATTRIBUTES><LA_URL>x</LA_URL><CUSTOMATTRIBUTES>'],
    ['a way out with a comment', '</CUSTOMATTRIBUTES><!--'],
    ['the element itself', '<CUSTOMATTRIBUTES><a/></CUSTOMATTRIBUTES>'],
    ['deep nesting', `${'<a>'.repeat(120)}${'</a>'.repeat(120)}`],
  ])('refuses %s', (_, fragment) => {
    expect(() => canonicalCustomAttributes(fragment)).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  it('holds at most 1 KB of UTF-16', () => {
    const tags = '<a></a>'.length;
    expect(canonicalCustomAttributes(`<a>${'x'.repeat(512 - tags)}</a>`)).toHaveLength(512);
    expect(() => canonicalCustomAttributes(`<a>${'x'.repeat(513 - tags)}</a>`)).toThrowError(
      expect.objectContaining({ message: expect.stringContaining('1026 bytes') }),
    );
  });
});
