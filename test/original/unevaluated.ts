// Queries of the recordings that the original answered and that client.test.ts does not evaluate, each under the reason. The test fails when one
// of them could be evaluated, and when another one cannot.

type Steps = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Reason → file → title of the transcript → names of the steps. */
export const unevaluated: Readonly<Record<string, Steps>> = {
  'A path ends with a label, not with a dot.': {
    links: {
      'several conditions': ['people {"k.":"ann"}'],
    },
    reduced: {
      'reduced: one case for each kind': ['a path may end with dots'],
    },
  },
  "The date has a form that only the reader of the original's queries knows.": {
    more: {
      'dates in all forms: asked': [
        'from "+12024-01-05T00:00:00Z"',
        'from "-0001-01-05"',
        'from "0000-01-01"',
        'from "2024-01-05T10:20:30.000+00:00[UTC]"',
        'is "+12024-01-05T00:00:00Z"',
        'is "-0001-01-05"',
        'is "0000-01-01"',
        'is "2024-01-05T10:20:30.000+00:00[UTC]"',
      ],
    },
  },
  'Headers of HTTP say who asks.': {
    reduced: {
      'reduced: one case for each kind': ['token without Bearer'],
    },
    system: {
      'system namespaces and rules': ['as guest and email', 'guest by header false', 'token without Bearer'],
    },
  },
  'Nothing is called __proto__ here.': {
    shapes: {
      'shapes of queries': [
        'as guest: namespace "__proto__"',
        'namespace "__proto__"',
        'where "__proto__": "dot"',
        'where "__proto__": 1',
        'where "__proto__": 5',
      ],
    },
  },
  'The request is written as no client writes JSON: keys twice, other spaces, numbers in other forms.': {
    shapes: {
      'shapes of queries': [
        'body  {"query" : {"goals":{"$":{"fields":["title"]}}}} ',
        'body {"query":{"goals":{"$":{"fields":["title"]}},"goals":{"$":{"limit":1}}}}',
        'body {"query":{"goals":{"$":{"fields":["title"]}}},"extra":1}',
        'body {"query":{"goals":{"$":{"fields":["title"]}}},"inference?":"yes"}',
        'body {"query":{"goals":{"$":{"fields":["title"]}}},"inference?":null}',
        'body {"query":{"goals":{"$":{"fields":["title"]}}},"versions":5}',
        'body {"query":{"goals":{"$":{"where":{"n":-0},"fields":["title"]}}}}',
        'body {"query":{"goals":{"$":{"where":{"n":0.1000000000000000000000001},"fields":["title"]}}}}',
        'body {"query":{"goals":{"$":{"where":{"n":1,"n":2},"fields":["title"]}}}}',
        'body {"query":{"goals":{"$":{"where":{"n":1.0},"fields":["title"]}}}}',
        'body {"query":{"goals":{"$":{"where":{"n":123456789012345678901234567890},"fields":["title"]}}}}',
        'body {"query":{"goals":{"$":{"where":{"n":1E400},"fields":["title"]}}}}',
        'body {"query":{"goals":{"$":{"where":{"n":1e0},"fields":["title"]}}}}',
        'body {"query":{"goals":{"$":{"where":{"n":1},"where":{"n":2},"fields":["title"]}}}}',
        'body {"query":{"goals":{"$":{"where":{"n":{"$gt":0,"$gt":1}},"fields":["title"]}}}}',
        'body {"query":{"goals":{"$":{"where":{"title":"\\u006fne"},"fields":["title"]}}}}',
      ],
    },
  },
  'An order by an unknown attribute is refused, whatever the conditions are.': {
    shapes: {
      'shapes of queries': ['{"goals":{"$":{"where":{"nope":1},"order":{"nope":"asc"}}}}'],
    },
  },
};
