// The error boundary.

import { Component, type ReactNode } from 'react';

import { Fault } from './states.tsx';

interface Props {
  readonly children: ReactNode;
}

export class Catch extends Component<Props, { readonly error?: Error }> {
  override state: { readonly error?: Error } = {};

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    return this.state.error ? <Fault error={this.state.error} /> : this.props.children;
  }
}
