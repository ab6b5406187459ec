namespace Tidegate.Membership.Protocol;

/// <summary>
/// The last incarnations of members that have been forgotten, the latest of them. A recorded message about one of them is
/// not newer than that, so it brings nobody back.
/// </summary>
internal sealed class Tombstones(int capacity)
{
    private readonly Dictionary<string, uint> _incarnations = [];
    private readonly Queue<string> _order = new();

    internal int Count => _incarnations.Count;

    internal void Add(string name, uint incarnation)
    {
        if (!_incarnations.TryGetValue(name, out uint known))
        {
            _order.Enqueue(name);
        }

        _incarnations[name] = Math.Max(known, incarnation);
        while (_incarnations.Count > capacity)
        {
            _incarnations.Remove(_order.Dequeue());
        }
    }

    /// <summary>True where that member was known with this or a later incarnation.</summary>
    internal bool Covers(string name, uint incarnation) => _incarnations.TryGetValue(name, out uint known) && incarnation <= known;
}
