using Tidegate.Membership.Serf;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Tests.Serf;

/// <summary>Writes down what comes back to a query.</summary>
internal sealed class TestObserver : IQueryObserver
{
    internal List<string> Acks { get; } = [];

    internal List<(string From, RawBytes Payload)> Answers { get; } = [];

    internal int Finishes { get; private set; }

    public void Acked(OwnQuery query, string from) => Acks.Add(from);

    public void Answered(OwnQuery query, string from, RawBytes payload) => Answers.Add((from, payload));

    public void Finished(OwnQuery query) => Finishes++;
}
