using Tidegate.Gateway.Addressing;

namespace Tidegate.Gateway.Listening;

/// <summary>The accepts that are at pipes. Those of http and ws share one as they share a port, told apart by authority and path.</summary>
internal sealed class PipeListeners(PipeBoard pipes)
{
    private readonly Dictionary<string, (Reception Reception, Binding First)> _byName = [];

    /// <param name="binding">What is to be reached there.</param>
    /// <param name="pipe">The pipe.</param>
    /// <param name="receive">Makes what receives its connections.</param>
    /// <exception cref="GatewayStartException">The pipe is taken, or another service claims the same there.</exception>
    internal void Bind(Binding binding, PipeName pipe, Func<string, Reception> receive)
    {
        string place = $"pipe://{pipe}";
        if (!_byName.TryGetValue(pipe.Name, out (Reception Reception, Binding First) existing))
        {
            existing = (receive(place), binding);
            _byName.Add(pipe.Name, existing);
            pipes.Listen(pipe.Name, existing.Reception.Accept, () => existing.Reception.IsAccepting);
        }
        else
        {
            PlaceSharing.Check(existing.First, existing.Reception.Security, binding, place, PlaceKind.Pipe);
        }

        if (binding.IsHttp)
        {
            existing.Reception.Routes.Claim(binding.Service, binding.Accept, binding.PortAt(binding.Accept.Uri.Scheme.DefaultPort ?? 0), place);
        }
    }
}
