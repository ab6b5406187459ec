using System.Collections.Immutable;
using Tidegate.Gateway.Cluster;

namespace Tidegate.Gateway.Control;

/// <summary><c>members</c>: everyone in the cluster, those that failed or left lately too; a line each, this gateway among them.</summary>
/// <param name="observe">Everyone, in the order of their names; null where this gateway is in no cluster.</param>
internal sealed class MembersVerb(Func<IEnumerable<ObservedMember>?> observe) : ControlVerb(MemberQuestion.Verb, TimeSpan.FromSeconds(10))
{
    internal override async Task AnswerAsync(ImmutableArray<string> arguments, ControlAnswer answer, CancellationToken cancellation)
    {
        IEnumerable<ObservedMember> members = observe()
            ?? throw new ControlException("This gateway is in no cluster: its configuration has no <cluster>, or it had to leave.");
        foreach (ObservedMember member in members)
        {
            await answer.TellAsync(member, ControlJson.Default.ObservedMember, cancellation).ConfigureAwait(false);
        }
    }
}
